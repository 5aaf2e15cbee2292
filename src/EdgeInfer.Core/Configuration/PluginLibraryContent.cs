using EdgeInfer.Libraries;

namespace EdgeInfer.Configuration;

/// <summary>Looks whether a file can be a plug-in provider for this machine, by what its ELF tables say: none of its code runs.</summary>
internal static class PluginLibraryContent
{
    // onnxruntime_ep_c_api.h: the function by which ONNX Runtime gets a library's providers.
    private const string EntryPoint = "CreateEpFactories";
    private const string Cure = "name the provider's own library, such as libonnxruntime_providers_….so";

    /// <summary>
    /// What is wrong with a file, and the cure; null where nothing is, or it may not be read by this user. Libraries that it needs are not
    /// looked for: where one is missing the next provider serves.
    /// </summary>
    /// <param name="path">An existing file.</param>
    public static (string What, string Cure)? Wrong(string path)
    {
        try
        {
            ElfFile file = ElfFile.Read(path);
            if (file.Machine != ElfMachine.Here) return ($"the library {path} is for {file.Machine}, and this is {ElfMachine.Here}", "name one that was built for this processor");
            return file.Defines(EntryPoint) ? null : ($"the library {path} is no plug-in provider: it lacks {EntryPoint}", Cure);
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
        catch (InvalidDataException e)
        {
            return ($"the file {path} {e.Message}", Cure);
        }
        catch (IOException e)
        {
            return BoundedFile.Explain(e, path, Cure);
        }
    }
}

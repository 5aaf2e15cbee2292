namespace EdgeInfer.Configuration;

internal sealed partial class SourceReader
{
    private FilesOptions? Files(MappingReader source)
    {
        bool isLooped = source.Boolean("loop") ?? false;
        return context.AbsolutePath(source, "files") is { } pattern ? new(pattern, isLooped) : null;
    }
}

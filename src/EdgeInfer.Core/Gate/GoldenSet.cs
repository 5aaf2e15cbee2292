using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Gate;

/// <summary>One golden input, read.</summary>
/// <param name="Input">Its file, relative to the model's folder.</param>
/// <param name="Expected">What the reference model made of it; null for none.</param>
/// <param name="Truth">What is really there; null where nobody has said it.</param>
internal sealed record GoldenCase(string Input, GoldenResult? Expected, GoldenResult? Truth);

/// <summary>What a model must make of its golden inputs: read from its folder, bounded, and made by another model than itself.</summary>
/// <param name="Cases">In the order of <c>model.yaml</c>; may be empty.</param>
internal sealed record GoldenSet(IReadOnlyList<GoldenCase> Cases)
{
    /// <summary>The most bytes of all expectations of a model together.</summary>
    public const long MostBytes = 16 << 20;

    /// <summary>How many inputs have their ground truth.</summary>
    public int TruthCount => Cases.Count(static c => c.Truth is not null);

    /// <summary>Reads what a model's <c>golden</c> names.</summary>
    /// <param name="model">The model, loaded from a folder.</param>
    /// <exception cref="UpdateException">
    /// Golden for an expectation that cannot be used or that the model itself has made, Contract where one uses a label that the model does not have.
    /// </exception>
    public static GoldenSet Read(Model model)
    {
        long left = MostBytes;
        List<GoldenCase> cases = [];
        foreach (GoldenFiles files in model.Golden)
        {
            GoldenResult? expected = files.Expect is null ? null : Read(model, files.Expect, ref left), truth = files.Truth is null ? null : Read(model, files.Truth, ref left);
            if (expected is not null) CheckExpected(model, files.Expect!, expected);
            if (truth is { Kind: not GoldenKind.Detections }) throw Refused(model, files.Truth!, "ground truth is boxes, and this has none", "write what is there under 'detections'");
            if (truth is not null) CheckObjects(model, files.Truth!, truth, "names", "write the label as the model has it, or leave out what the model does not know");
            cases.Add(new(files.Input, expected, truth));
        }

        if (cases.Any(static c => c.Expected is not null)) RefuseOwn(model, cases);
        return new(cases);
    }

    private static void CheckExpected(Model model, string file, GoldenResult expected)
    {
        if (expected.Digest is null) throw Refused(model, file, "it does not say which model made it (model.digest)", "write it with release golden --reference FLOAT.onnx");
        if (expected.Kind != GoldenResult.KindOf(model.Task) && expected.Kind != GoldenKind.Embedding)
            throw Refused(model, file, $"it holds results of another task than the model's, {ModelWords.Of(ModelWords.Tasks, model.Task)}", "write it with a reference of the same task");
        CheckObjects(model, file, expected, "expects", "give the model the labels of its reference, or write the expectations again");
    }

    private static void CheckObjects(Model model, string file, GoldenResult result, string verb, string cure)
    {
        if (result.Boxes.FirstOrDefault(static b => b.Width <= 0 || b.Height <= 0) is not null) throw Refused(model, file, "a box has no area", "leave it out");
        if (result.Labels.FirstOrDefault(l => !model.Labels.Contains(l)) is not { } label) return;
        throw UpdateException.Of(UpdateCode.Contract, Path.Combine(model.Path, file),
            $"it {verb} the label '{label}', which the model does not have (it has {string.Join(", ", model.Labels.Take(8))}{(model.Labels.Count > 8 ? ", …" : "")})", cure);
    }

    private static void RefuseOwn(Model model, List<GoldenCase> cases)
    {
        OwnDigests own = OwnDigests.Of(model);
        for (int i = 0; i < cases.Count; i++)
        {
            if (cases[i].Expected is { } expected && own.Made(expected))
                throw Refused(model, model.Golden[i].Expect!, "it was made by this model itself, which then agrees with itself however wrong it is", "write it with release golden --reference FLOAT.onnx, the model that this one was converted from");
        }
    }

    private static GoldenResult Read(Model model, string file, ref long left)
    {
        string path = Path.Combine(model.Path, file);
        try
        {
            // Asked before opening: opening a named pipe would wait for a writer.
            long length = new FileInfo(path).Length;
            if (length is 0 or > GoldenReader.MostBytes) throw Refused(model, file, length == 0 ? "it is empty, or no plain file" : $"{length} bytes are more than {GoldenReader.MostBytes}", "write it again, with release golden");
            if ((left -= length) < 0) throw Refused(model, file, $"the expectations together are more than {MostBytes >> 20} MiB", "keep fewer golden inputs");
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            byte[] bytes = new byte[length];
            stream.ReadExactly(bytes);
            return GoldenReader.Read(bytes);
        }
        catch (InvalidDataException e)
        {
            throw Refused(model, file, e.Message, "write it again, with release golden", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refused(model, file, $"it cannot be read: {e.Message}", "check the disk and who may read it", e);
        }
    }

    private static UpdateException Refused(Model model, string file, string what, string cure, Exception? inner = null)
        => UpdateException.Of(UpdateCode.Golden, Path.Combine(model.Path, file), what, cure, inner);
}

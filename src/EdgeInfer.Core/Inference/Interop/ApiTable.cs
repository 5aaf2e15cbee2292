namespace EdgeInfer.Inference.Interop;

/// <summary>What stands in for a function that an older library does not have.</summary>
/// <param name="Refusals">Functions that return a status saying that API version N (the index) brought what was called; 0 where N brought nothing.</param>
/// <param name="Nothing">Returns zero: for functions that release something, return a value or return nothing.</param>
/// <param name="GetCompileApi">Answers with a table of its own.</param>
internal readonly record struct ApiStubs(nint[] Refusals, nint Nothing, nint GetCompileApi);

/// <summary>
/// Function tables of ONNX Runtime (struct OrtApi and struct OrtCompileApi of onnxruntime_c_api.h). A table only grows at its end, by what an API
/// version adds, so that an older one is the beginning of a newer one. The managed package reads as many entries as its own version has, whatever it is handed.
/// </summary>
internal static unsafe class ApiTable
{
    /// <summary>Entries of the managed package's version.</summary>
    public const int Entries = 428;

    /// <summary>Entries of its compile table.</summary>
    public const int CompileEntries = 19;

    /// <summary>GetCompileApi: the one function that gives a further table to the managed package, which reads it whole as soon as it is loaded.</summary>
    public const int GetCompileApi = 294;

    /// <summary>The first API version with a compile table.</summary>
    public const int FirstCompileApi = 22;

    private const int FirstVersion = 16;
    private const int LastVersion = 31;

    // Up to 24 the static asserts "Size of version N API cannot change" of onnxruntime_c_api.cc, later ones from the header's "since Version";
    // the tables of the released libraries 1.16.3, 1.17.3, 1.20.1, 1.23.2, 1.24.1, 1.25.1, 1.27.0, 1.29.0 and 1.30.0 agree.
    private static ReadOnlySpan<short> Ends => [266, 276, 280, 280, 285, 285, 318, 390, 415, 419, 419, 422, 424, 425, 426, Entries];

    // Entries that return no OrtStatus: what is released, asked for by value, or handed out as a table of its own (null means that there is none).
    private static ReadOnlySpan<short> WithoutStatus =>
    [
        282, 285, 286, 287, 288, 291, 295, 296, 297, 298, 299, 300, 307, 308, 309, 310, 311, 312, 313, 314, 315, 316, 317, 321, 322,
        369, 370, 371, 372, 373, 374, 384, 385, 390, 395, 403, 413, 422, 427,
    ];

    /// <summary>Entries of an API version's table.</summary>
    /// <param name="version">From 16 to the managed package's.</param>
    public static int EntriesOf(int version) => Ends[version - FirstVersion];

    /// <summary>The API version that brought an entry; 16 for all that were there before.</summary>
    public static int VersionOf(int entry)
    {
        int version = FirstVersion;
        while (entry >= EntriesOf(version)) version++;
        return version;
    }

    /// <summary>Whether an entry that version 16 did not have returns an OrtStatus.</summary>
    public static bool ReturnsStatus(int entry) => entry != GetCompileApi && WithoutStatus.BinarySearch((short)entry) < 0;

    /// <summary>
    /// Entries of an API version's compile table: fewer than the header says, because 1.24.1 does not have all that it says of 1.24, and what nobody
    /// calls may as well be missing.
    /// </summary>
    public static int CompileEntriesOf(int version) => version switch { < FirstCompileApi => 0, FirstCompileApi => 9, _ => 14 };

    /// <summary>Fills a table: what the older library has, and stand-ins for the rest.</summary>
    /// <param name="table">To fill.</param>
    /// <param name="older">The older library's table.</param>
    /// <param name="version">Its API version.</param>
    /// <param name="stubs">The stand-ins.</param>
    public static void Fill(Span<nint> table, nint* older, int version, in ApiStubs stubs)
    {
        int had = EntriesOf(version);
        for (int i = 0; i < table.Length; i++)
        {
            if (i == GetCompileApi) table[i] = stubs.GetCompileApi;
            else if (i < had) table[i] = older[i];
            else table[i] = ReturnsStatus(i) ? stubs.Refusals[VersionOf(i)] : stubs.Nothing;
        }
    }

    /// <summary>Fills a compile table likewise.</summary>
    /// <param name="table">To fill.</param>
    /// <param name="older">The older library's; null where it has none.</param>
    /// <param name="version">Its API version.</param>
    /// <param name="stubs">The stand-ins.</param>
    public static void FillCompile(Span<nint> table, nint* older, int version, in ApiStubs stubs)
    {
        int had = older is null ? 0 : CompileEntriesOf(version);
        for (int i = 0; i < table.Length; i++)
        {
            if (i < had) table[i] = older[i];
            // The first entry releases.
            else table[i] = i == 0 ? stubs.Nothing : stubs.Refusals[had == 0 ? FirstCompileApi : LastVersion];
        }
    }
}

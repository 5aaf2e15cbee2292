using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis.Gpu;

/// <summary>The system of a Jetson, and what NVIDIA's JetPack of that release brings.</summary>
/// <param name="Linux">Jetson Linux (L4T): <c>36.4.4</c>.</param>
/// <param name="JetPack">JetPack: <c>6.2.1</c>; the series alone where the release is not in the table.</param>
/// <param name="Cuda">Its CUDA.</param>
/// <param name="TensorRt">Its TensorRT.</param>
/// <param name="CuDnn">Its cuDNN.</param>
internal sealed record JetsonRelease(string Linux, string JetPack, string Cuda, string TensorRt, string CuDnn)
{
    // NVIDIA's own lists of releases; the last of a series stands for later ones too.
    private static readonly JetsonRelease[] s_series =
    [
        new("32", "4", "10.2", "8.2", "8.2"),
        new("35", "5", "11.4", "8.5", "8.6"),
        new("36", "6", "12.6", "10.3", "9.3"),
        new("38", "7", "13.0", "10.13", "9.12"),
    ];

    private static readonly JetsonRelease[] s_known =
    [
        new("35.1", "5.0.2", "11.4", "8.4", "8.4"), new("35.2.1", "5.1", "11.4", "8.5", "8.6"), new("35.3.1", "5.1.1", "11.4", "8.5", "8.6"),
        new("35.4.1", "5.1.2", "11.4", "8.5", "8.6"), new("35.5.0", "5.1.3", "11.4", "8.5", "8.6"), new("35.6.0", "5.1.4", "11.4", "8.5", "8.6"),
        new("36.3.0", "6.0", "12.2", "8.6", "8.9"), new("36.4.0", "6.1", "12.6", "10.3", "9.3"), new("36.4.3", "6.2", "12.6", "10.3", "9.3"),
        new("36.4.4", "6.2.1", "12.6", "10.3", "9.3"), new("38.2.0", "7.0", "13.0", "10.13", "9.12"),
    ];

    /// <summary>The first number of its CUDA, which libraries are built for.</summary>
    public int CudaMajor => int.Parse(Cuda.Split('.')[0], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Reads <c>/etc/nv_tegra_release</c>; null on other machines. What a series brings is empty where the series is not known.</summary>
    public static JetsonRelease? Read(SystemFiles files)
    {
        // # R35 (release), REVISION: 4.1, GCID: …
        string[] words = (files.Text("/etc/nv_tegra_release") ?? "").Split([' ', ',', '\n'], StringSplitOptions.RemoveEmptyEntries);
        int revision = Array.IndexOf(words, "REVISION:");
        if (words.Length < 2 || !words[1].StartsWith('R') || revision < 0 || revision + 1 >= words.Length) return null;
        string series = words[1][1..];
        string linux = $"{series}.{words[revision + 1]}";
        if (s_known.FirstOrDefault(k => k.Linux == linux || k.Linux + ".0" == linux || k.Linux == linux + ".0") is { } known) return known with { Linux = linux };
        return s_series.FirstOrDefault(s => s.Linux == series) is { } like ? like with { Linux = linux } : new(linux, "", "0", "", "");
    }
}

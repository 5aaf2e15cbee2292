using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis;

/// <summary>The programs that sources start: ffmpeg with what it decodes, and those that read ribbon-cable cameras.</summary>
/// <param name="time">Clock.</param>
internal sealed class ProgramExamination(TimeProvider time)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(4);
    private static readonly string[] s_cameraPrograms = ["rpicam-vid", "libcamera-vid", "gst-launch-1.0"];
    private static readonly string[] s_codecs = ["h264", "hevc"];

    // Decoders in hardware, by the end of their names: Video4Linux (Raspberry Pi), Jetson's, NVIDIA's, Intel's, Rockchip's.
    private static readonly string[] s_hardware = ["_v4l2m2m", "_nvmpi", "_nvv4l2dec", "_cuvid", "_qsv", "_rkmpp"];

    /// <summary>Examines the programs.</summary>
    /// <param name="needed">What of the configuration cannot run without ffmpeg, and the ffmpeg it names; null for nothing.</param>
    public async Task<Section> ExamineAsync((string Pipeline, string Program)? needed)
    {
        string program = needed?.Program ?? "ffmpeg";
        Task<CommandOutput?> version = CommandRun.RunAsync(time, s_patience, program, "-version");
        Task<CommandOutput?> decoders = CommandRun.RunAsync(time, s_patience, program, "-hide_banner", "-decoders");
        SectionBuilder section = new("programs", "Programs");
        Ffmpeg(section, needed?.Pipeline, await version.ConfigureAwait(false), await decoders.ConfigureAwait(false));
        string[] found = [.. s_cameraPrograms.Where(static p => ProgramPath.Find(p) is not null)];
        section.Fact("camera_programs", found);
        section.Add(found.Length > 0
            ? Finding.Ok(FindingId.CsiProgramFound, $"for ribbon-cable cameras (csi:N): {string.Join(", ", found)}")
            : Finding.Info(FindingId.CsiProgramAbsent, "no rpicam-vid, libcamera-vid or gst-launch-1.0: ribbon-cable cameras (csi:N) cannot be read", "", "on a Raspberry Pi: sudo apt install rpicam-apps; on a Jetson: sudo apt install gstreamer1.0-tools"));
        return section.Build();
    }

    /// <summary>Names of the decoders in a list of ffmpeg's.</summary>
    /// <param name="text">What <c>ffmpeg -decoders</c> printed.</param>
    internal static IReadOnlyList<string> VideoDecoders(string text)
    {
        List<string> names = [];
        foreach (string line in text.Split('\n'))
        {
            //  V....D h264                 H.264 / AVC / MPEG-4 AVC / MPEG-4 part 10
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 2 && words[0].Length == 6 && words[0][0] == 'V' && words[1] != "=") names.Add(words[1]);
        }

        return names;
    }

    private static void Ffmpeg(SectionBuilder section, string? needsFfmpeg, CommandOutput? version, CommandOutput? decoders)
    {
        const string Install = "sudo apt install ffmpeg";
        if (version is not { IsSuccess: true })
        {
            string what = version is null ? "ffmpeg is not installed" : "ffmpeg does not run";
            section.Add(needsFfmpeg is null
                ? Finding.Info(FindingId.FfmpegAbsent, $"{what}: RTSP cameras and video files need it", "", Install)
                : Finding.Problem(FindingId.FfmpegAbsent, FaultKind.Unavailable, $"{what}, and {needsFfmpeg} needs it", "", Install));
            return;
        }

        string[] words = version.Text.Split(' ', 4);
        string number = words.Length > 2 ? words[2] : "of an unknown version";
        section.Fact("ffmpeg", number);
        section.Fact("ffmpeg_path", version.Path);
        IReadOnlyList<string> known = VideoDecoders(decoders?.Text ?? "");
        string[] codecs = [.. s_codecs.Where(known.Contains)];
        string[] hardware = [.. known.Where(static n => s_codecs.Any(c => n.StartsWith(c, StringComparison.Ordinal)) && s_hardware.Any(h => n.EndsWith(h, StringComparison.Ordinal)))];
        section.Fact("ffmpeg_decoders", codecs);
        section.Fact("ffmpeg_hardware_decoders", hardware);
        string decodes = $"decodes {string.Join(" and ", codecs.Select(static c => c == "hevc" ? "H.265" : "H.264"))}{(hardware.Length > 0 ? $"; in hardware where the device has it: {string.Join(", ", hardware)}" : "")}";
        if (codecs.Length == s_codecs.Length) section.Add(Finding.Ok(FindingId.FfmpegFound, $"ffmpeg {number} {decodes}", version.Path));
        else
        {
            string lacks = string.Join(" and ", s_codecs.Except(codecs).Select(static c => c == "hevc" ? "H.265" : "H.264"));
            section.Add(Finding.Warning(FindingId.FfmpegLacksDecoder, $"ffmpeg {number} lacks a decoder for {lacks}", version.Path, "install the distribution's full ffmpeg, or set the camera to a codec that it has"));
        }
    }
}

using System.Globalization;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis;

/// <summary>A camera on a ribbon cable, as libcamera lists it.</summary>
/// <param name="Number">N of <c>csi:N</c>.</param>
/// <param name="Sensor">The sensor's name.</param>
/// <param name="Size">The sensor's full size, such as <c>3280x2464</c>.</param>
/// <param name="Modes">Sizes and rates of its modes: <c>1640x1232 41.85/s</c>.</param>
internal sealed record CsiCamera(int Number, string Sensor, string Size, IReadOnlyList<string> Modes);

/// <summary>What is known of cameras on ribbon cables.</summary>
/// <param name="Program">The program that gives their pictures; null where there is none.</param>
/// <param name="Cameras">Those it lists; empty where it cannot (nvargus has no list).</param>
/// <param name="Trouble">Why there is no list; null where there is one.</param>
internal sealed record CsiFinding(string? Program, IReadOnlyList<CsiCamera> Cameras, string? Trouble);

/// <summary>Asks libcamera's own program which ribbon-cable cameras there are; nothing is streamed.</summary>
/// <param name="files">The system.</param>
/// <param name="time">Clock.</param>
internal sealed class CsiSurvey(SystemFiles files, TimeProvider time)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(4);

    // The second is the name before Raspberry Pi OS of 2023.
    private static readonly string[] s_programs = ["rpicam-hello", "libcamera-hello"];

    /// <summary>Asks; takes at most about 4 s.</summary>
    public async Task<CsiFinding> ReadAsync()
    {
        foreach (string program in s_programs)
        {
            if (await CommandRun.RunAsync(time, s_patience, program, "--list-cameras").ConfigureAwait(false) is not { } output) continue;
            return output.IsSuccess
                ? new(output.Path, Parse(output.Text), null)
                : new(output.Path, [], $"{program} --list-cameras failed{(output.LastError is { } said ? $": {said}" : "")}");
        }

        return files.Exists("/usr/sbin/nvargus-daemon") ? new("nvarguscamerasrc", [], null) : new(null, [], null);
    }

    /// <summary>Reads the list.</summary>
    /// <param name="text">What <c>rpicam-hello --list-cameras</c> printed.</param>
    public static IReadOnlyList<CsiCamera> Parse(string text)
    {
        List<CsiCamera> cameras = [];
        List<string> modes = [];
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

            // 0 : imx219 [3280x2464 10-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx219@10)
            if (words is [var number, ":", var sensor, ['[', .. var size], ..] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            {
                modes = [];
                cameras.Add(new(index, sensor, size.TrimEnd(']'), modes));
                continue;
            }

            //     Modes: 'SRGGB10_CSI2P' : 640x480 [206.65 fps - (1000, 752)/1280x960 crop]
            int rate = Array.IndexOf(words, "fps") - 1;
            if (rate >= 1 && words[rate].StartsWith('[')) modes.Add($"{words[rate - 1]} {words[rate][1..]}/s");
        }

        return cameras;
    }
}

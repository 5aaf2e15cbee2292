using System.CommandLine;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnosis;
using EdgeInfer.Diagnostics;
using EdgeInfer.Hosting;

namespace EdgeInfer.Commands;

/// <summary><c>doctor</c>: what this device has, and whether the configuration in place can run.</summary>
internal static class DoctorCommand
{
    private const int UsualColumns = 100;

    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Option<string?> file = new("--config", "-c") { Description = $"The configuration; default {RunCommand.DefaultFile} where it is there", HelpName = "FILE" };
        Option<bool> json = new("--json") { Description = "One JSON object: edgeinfer schema doctor" };
        Command verb = new("doctor", "What this device has and whether the configuration in place can run: cameras with formats and controls, broker,\n"
            + "models, ONNX Runtime, GPUs with drivers and libraries, ffmpeg, memory, clock, heat and power, and the rights of the service's\n"
            + "user. Sets, publishes and writes nothing; native code is tried in a child, so that a library which crashes is told.\n"
            + "Ends with 0 without a problem; 78 the configuration, 65 a model, 69 a device, service or program, 70 a defect.\n\n"
            + "Example: sudo edgeinfer doctor")
        {
            file, json,
        };
        verb.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            DoctorInput input = Read(parsed.GetValue(file));
            DoctorReport report = new Doctor(new(), TimeProvider.System, BuildInformation.Version, RunCommand.ThisProgram()).ExamineAsync(input, CancellationToken.None).GetAwaiter().GetResult();
            if (parsed.GetValue(json)) output.WriteLine(DoctorJson.Of(report));
            else new DoctorText(output, Columns(), IsColoured()).Write(report);
            return report.ExitCode;
        });
        return verb;
    }

    private static DoctorInput Read(string? named)
    {
        FaultList faults = new();
        // Not there and not asked for is no fault: a new device has none yet.
        if (named is null && !File.Exists(RunCommand.DefaultFile)) return new(null, null, faults);
        string path = named ?? RunCommand.DefaultFile;
        return new(path, RunCommand.ConfigurationReader().Draft(path, faults), faults);
    }

    private static int Columns() => Console.IsOutputRedirected ? UsualColumns : Console.WindowWidth is > 0 and var columns ? columns : UsualColumns;

    // https://no-color.org: set and not empty.
    private static bool IsColoured() => !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
}

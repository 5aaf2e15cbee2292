using System.Net.Http;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Pipeline;
using EdgeInfer.Posix;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Camera;
using EdgeInfer.Sources.Children;
using EdgeInfer.Sources.Files;
using EdgeInfer.Sources.Streams;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Diagnosis;

/// <summary>A quick look at each pipeline's source: is the camera there and does it offer what is asked, does the stream's server answer.</summary>
/// <param name="files">The system.</param>
/// <param name="user">The service's user.</param>
/// <param name="time">Clock.</param>
internal sealed class SourceExamination(SystemFiles files, ServiceUser user, TimeProvider time)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_firstFrame = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    /// <summary>What of the pipelines cannot run without ffmpeg, and the ffmpeg it names; null for nothing.</summary>
    public static (string Pipeline, string Program)? NeedsFfmpeg(IReadOnlyList<PipelineOptions> pipelines)
    {
        foreach (PipelineOptions pipeline in pipelines)
        {
            if (pipeline.Source is StreamOptions { Ffmpeg: { } ffmpeg }) return ($"pipeline {pipeline.Name}", ffmpeg.Program);
            if (pipeline.Source is FilesOptions films && FilmFile.IsNamedBy(films.Pattern)) return ($"pipeline {pipeline.Name}", films.Ffmpeg?.Program ?? "ffmpeg");
        }

        return null;
    }

    /// <summary>Looks at all sources side by side; takes at most about 6 s.</summary>
    /// <param name="pipelines">The pipelines.</param>
    /// <param name="survey">This machine's cameras.</param>
    /// <param name="ribbons">Those on ribbon cables.</param>
    /// <param name="stop">Ends it.</param>
    public async Task<Section> ExamineAsync(IReadOnlyList<PipelineOptions> pipelines, Task<IReadOnlyList<SurveyedCamera>> survey, Task<CsiFinding> ribbons, CancellationToken stop)
    {
        SectionBuilder section = new("pipelines", "Pipelines");
        Finding[][] found = await Task.WhenAll(pipelines.Select(p => LookAsync(p, survey, ribbons, stop))).ConfigureAwait(false);
        foreach (Finding[] findings in found)
            foreach (Finding finding in findings) section.Add(finding);
        return section.Build();
    }

    // Only who needs the surveys waits for them.
    private async Task<Finding[]> LookAsync(PipelineOptions pipeline, Task<IReadOnlyList<SurveyedCamera>> survey, Task<CsiFinding> ribbons, CancellationToken stop)
    {
        IReadOnlyList<SurveyedCamera> cameras = pipeline.Source is CameraOptions ? await survey.ConfigureAwait(false) : [];
        CsiFinding csi = pipeline.Source is CsiOptions ? await ribbons.ConfigureAwait(false) : new(null, [], null);
        return await Task.Factory.StartNew(() => Look(pipeline, cameras, csi, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
    }

    private Finding[] Look(PipelineOptions pipeline, IReadOnlyList<SurveyedCamera> cameras, CsiFinding csi, CancellationToken stop)
    {
        string name = pipeline.Name;
        try
        {
            return pipeline.Source switch
            {
                CameraOptions camera => [.. Camera(name, camera, cameras)],
                StreamOptions { Ffmpeg: not null } stream => [FirstFrame(name, stream, stop)],
                StreamOptions stream => [Stream(name, stream, stop)],
                FilesOptions pictures => [Pictures(name, pictures)],
                CsiOptions ribbon => [Ribbon(name, ribbon, csi)],
                ExecOptions exec => [Command(name, exec)],
                SyntheticOptions => [Finding.Ok(FindingId.SourceReady, $"pipeline {name}: the synthetic conveyor")],
                _ => [Finding.Info(FindingId.SourceNotTried, $"pipeline {name}: its kind of source is not looked at here")],
            };
        }
        catch (SourceException e)
        {
            return [Named(name, Finding.Of(FindingId.SourceFault, e.Fault))];
        }
    }

    private static Finding Named(string pipeline, Finding finding)
        => Finding.Of(finding.Id, new(finding.Kind ?? FaultKind.Unavailable, finding.Where, $"pipeline {pipeline}: {finding.What}", finding.Cure), finding.Level);

    private IEnumerable<Finding> Camera(string pipeline, CameraOptions options, IReadOnlyList<SurveyedCamera> cameras)
    {
        string node = files.Target(options.Device) ?? options.Device;
        SurveyedCamera? camera = cameras.FirstOrDefault(c => c.Path == node);
        if (camera is null)
        {
            // Says what is there instead: a folder, a metadata node, nothing.
            using CameraNode other = CameraNode.Open(options.Device);
            yield return Finding.Info(FindingId.SourceReady, $"pipeline {pipeline}: the camera was not among those found, but can be opened", options.Device);
            yield break;
        }

        if (camera.Access is { MayOpen: false, Cure: { } access })
        {
            yield return Finding.Problem(FindingId.SourceNotAllowed, FaultKind.Unavailable, $"pipeline {pipeline}: user {user.Name} may not open {node} ({camera.Access})", options.Device, access);
            yield break;
        }

        if (camera.Trouble is { } trouble) throw new SourceException(SourceState.Failed, trouble);
        if (camera.Role == CameraRole.CsiReceiver)
        {
            yield return Finding.Problem(FindingId.SourceRaw, FaultKind.Configuration, $"pipeline {pipeline}: this node gives raw data of a ribbon-cable camera, not pictures", options.Device, "name the camera csi:0");
            yield break;
        }

        FourCc format = CameraNegotiation.Choose(camera.Offer, options);
        CameraControls.Check(options.Device, options.Controls, camera.Controls);
        yield return Mode(pipeline, options, camera, format);
        if (camera.Holder is { } holder && holder.Name != "edgeinfer")
            yield return Finding.Warning(FindingId.SourceHeld, $"pipeline {pipeline}: {holder.Name} (process {holder.Id}) has the camera open", options.Device, $"stop {holder.Name} if the pipeline has no frames");
    }

    private static Finding Mode(string pipeline, CameraOptions options, SurveyedCamera camera, FourCc format)
    {
        IReadOnlyList<OfferedSize> sizes = camera.Offer.Find(format)?.Sizes ?? [];
        string asked = $"{camera.Name}, {format}";
        if (options.Size is { } size && sizes.Count > 0)
        {
            asked = $"{asked} {size.Width}x{size.Height}";
            OfferedSize? offered = sizes.FirstOrDefault(s => s.Contains(size.Width, size.Height));
            if (offered is null)
                return Finding.Warning(FindingId.SourceModeDiffers, $"pipeline {pipeline}: {camera.Name} does not offer {size.Width}x{size.Height} in {format}; its driver will give another size", options.Device, $"set size to one of: {camera.Offer.Describe()}");
            if (options.FramesPerSecond is { } rate && offered.FramesPerSecond.Count > 0 && offered.FramesPerSecond[0] < rate * 0.99)
                return Finding.Warning(FindingId.SourceModeDiffers, $"pipeline {pipeline}: {camera.Name} gives {offered.FramesPerSecond[0]:0.##} frames a second at most at {size.Width}x{size.Height} in {format}, not {rate:0.##}", options.Device, $"set fps or size to what it offers: {camera.Offer.Describe()}");
        }

        string controls = options.Controls.Wishes.Count == 0 ? "" : $", with {options.Controls}";
        return Finding.Ok(FindingId.SourceReady, $"pipeline {pipeline}: {asked}{(options.FramesPerSecond is { } fps ? $" at {fps:0.##}/s" : "")}{controls}", options.Device);
    }

    private Finding Stream(string pipeline, StreamOptions options, CancellationToken stop)
    {
        string name = StreamName.Of(options.Url);
        using HttpCamera camera = new(options, new StreamLimits { Connect = s_patience, Stall = s_patience }, name, time);
        using CancellationTokenSource late = new(s_patience * 2, time);
        using CancellationTokenRegistration abort = late.Token.UnsafeRegister(static c => ((HttpCamera)c!).Abort(), camera);
        long since = time.GetTimestamp();
        using HttpResponseMessage answer = camera.Get(stop);
        string kind = answer.Content.Headers.ContentType?.MediaType ?? "no content type";
        bool isPicture = kind.StartsWith("image/", StringComparison.OrdinalIgnoreCase) || kind.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase);
        return isPicture
            ? Finding.Ok(FindingId.SourceReady, $"pipeline {pipeline}: the camera answers with {kind} in {time.GetElapsedTime(since).TotalMilliseconds:0} ms", name)
            : Finding.Warning(FindingId.SourceNoPicture, $"pipeline {pipeline}: the server answers with {Quoted.Text(kind)}, which is no picture", name, "take the path of the stream or of the snapshot from the camera's manual");
    }

    /// <summary>Takes one frame as the pipeline would: ffmpeg's way to it has too many steps to be judged one by one.</summary>
    private Finding FirstFrame(string pipeline, StreamOptions options, CancellationToken stop)
    {
        using FrameMailbox mailbox = SourceFactory.Mailbox(options);
#pragma warning disable CA5394 // Jitter needs no secret.
        using FrameSource source = SourceFactory.Create(options, mailbox, time, new Random(1), NullLogger.Instance);
#pragma warning restore CA5394
        long since = time.GetTimestamp();
        source.Start();
        while (time.GetElapsedTime(since) < s_firstFrame && !stop.IsCancellationRequested)
        {
            if (mailbox.TryTake(s_look, out FrameLease frame))
            {
                frame.Dispose();
                return Finding.Ok(FindingId.SourceReady, $"pipeline {pipeline}: first frame after {time.GetElapsedTime(since).TotalSeconds:0.0} s ({source.Description})", source.Name);
            }

            if (source.Cause is { } cause) return Named(pipeline, Finding.Of(FindingId.SourceFault, cause));
        }

        return Finding.Warning(FindingId.SourceSilent, $"pipeline {pipeline}: no frame within {s_firstFrame.TotalSeconds:0} s", source.Name, "try it by hand with edgeinfer predict; a camera that sends a whole picture seldom needs a shorter key-frame interval (GOP)");
    }

    private static Finding Ribbon(string pipeline, CsiOptions options, CsiFinding csi)
    {
        string name = $"csi:{options.Number}";
        if (csi.Program is null && ProgramPath.Find("rpicam-vid") is null && ProgramPath.Find("libcamera-vid") is null && ProgramPath.Find("gst-launch-1.0") is null)
        {
            return Finding.Problem(FindingId.SourceProgramAbsent, FaultKind.Unavailable, $"pipeline {pipeline}: none of rpicam-vid, libcamera-vid and gst-launch-1.0 is installed", name,
                "on a Raspberry Pi: sudo apt install rpicam-apps; on a Jetson: sudo apt install nvidia-l4t-gstreamer");
        }

        if (csi.Cameras.FirstOrDefault(c => c.Number == options.Number) is { } camera) return Finding.Ok(FindingId.SourceReady, $"pipeline {pipeline}: {camera.Sensor}, {camera.Size}", name);
        if (csi.Cameras.Count > 0)
        {
            return Finding.Problem(FindingId.SourceAbsent, FaultKind.Configuration, $"pipeline {pipeline}: there is no such camera", name,
                $"there are {string.Join(", ", csi.Cameras.Select(static c => $"csi:{c.Number} ({c.Sensor})"))}");
        }

        bool isEmptyList = csi.Program is not (null or "nvarguscamerasrc") && csi.Trouble is null;
        return isEmptyList
            ? Finding.Problem(FindingId.SourceAbsent, FaultKind.Unavailable, $"pipeline {pipeline}: the board sees no camera", name, "check the ribbon and, for an older sensor, the overlay in /boot/firmware/config.txt")
            : Finding.Info(FindingId.SourceNotTried, $"pipeline {pipeline}: whether the camera is there shows when it is read", name);
    }

    // The program alone is named: its arguments may hold a password.
    private static Finding Command(string pipeline, ExecOptions options)
    {
        if (options.IsShellText) return Finding.Info(FindingId.SourceNotTried, $"pipeline {pipeline}: a command for the shell, which is not tried here");
        string program = options.Command[0];
        return ProgramPath.Find(program) is { } path
            ? Finding.Ok(FindingId.SourceReady, $"pipeline {pipeline}: its program is there", path)
            : Finding.Problem(FindingId.SourceProgramAbsent, FaultKind.Unavailable, $"pipeline {pipeline}: there is no such program in PATH", Quoted.Text(program), "install it, or correct source.exec");
    }

    private static Finding Pictures(string pipeline, FilesOptions options)
    {
        try
        {
            int count = FilePattern.Find(options.Pattern).Count;
            return count > 0
                ? Finding.Ok(FindingId.SourceReady, $"pipeline {pipeline}: {count} file{(count == 1 ? "" : "s")}", options.Pattern)
                : Finding.Problem(FindingId.SourceAbsent, FaultKind.NoInput, $"pipeline {pipeline}: no file there", options.Pattern, "correct source.files, or put pictures there");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Finding.Problem(FindingId.SourceFault, FaultKind.NoInput, $"pipeline {pipeline}: {e.Message}", options.Pattern, "let the service's user read the folder");
        }
    }
}

using System.Net.Http;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Camera;
using EdgeInfer.Sources.Files;
using EdgeInfer.Sources.Streams;

namespace EdgeInfer.Diagnosis;

/// <summary>A quick look at each pipeline's source: is the camera there and does it offer what is asked, does the stream's server answer.</summary>
/// <param name="files">The system.</param>
/// <param name="user">The service's user.</param>
/// <param name="time">Clock.</param>
internal sealed class SourceExamination(SystemFiles files, ServiceUser user, TimeProvider time)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    /// <summary>Looks at all sources side by side; takes at most about 6 s.</summary>
    /// <param name="pipelines">The pipelines.</param>
    /// <param name="survey">This machine's cameras.</param>
    /// <param name="stop">Ends it.</param>
    public async Task<Section> ExamineAsync(IReadOnlyList<PipelineOptions> pipelines, Task<IReadOnlyList<SurveyedCamera>> survey, CancellationToken stop)
    {
        SectionBuilder section = new("pipelines", "Pipelines");
        IReadOnlyList<SurveyedCamera> cameras = await survey.ConfigureAwait(false);
        Finding[][] found = await Task.WhenAll(pipelines.Select(p => Task.Factory.StartNew(
            () => Look(p, cameras, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))).ConfigureAwait(false);
        foreach (Finding[] findings in found)
            foreach (Finding finding in findings) section.Add(finding);
        return section.Build();
    }

    private Finding[] Look(PipelineOptions pipeline, IReadOnlyList<SurveyedCamera> cameras, CancellationToken stop)
    {
        try
        {
            return pipeline.Source switch
            {
                CameraOptions camera => [.. Camera(pipeline.Name, camera, cameras)],
                StreamOptions stream => [Stream(pipeline.Name, stream, stop)],
                FilesOptions pictures => [Pictures(pipeline.Name, pictures)],
                SyntheticOptions => [Finding.Ok($"{pipeline.Name}: the synthetic conveyor")],
                _ => [Finding.Info($"{pipeline.Name}: its kind of source is not looked at here")],
            };
        }
        catch (SourceException e)
        {
            return [Named(pipeline.Name, Finding.Of(e.Fault))];
        }
    }

    private static Finding Named(string pipeline, Finding finding)
        => Finding.Of(new(finding.Kind ?? FaultKind.Unavailable, finding.Where, $"{pipeline}: {finding.What}", finding.Cure), finding.Level);

    private IEnumerable<Finding> Camera(string pipeline, CameraOptions options, IReadOnlyList<SurveyedCamera> cameras)
    {
        string node = files.Target(options.Device) ?? options.Device;
        SurveyedCamera? camera = cameras.FirstOrDefault(c => c.Path == node);
        if (camera is null)
        {
            // Says what is there instead: a folder, a metadata node, nothing.
            using CameraNode other = CameraNode.Open(options.Device);
            yield return Finding.Info($"{pipeline}: the camera was not among those found, but can be opened", options.Device);
            yield break;
        }

        if (camera.Access is { MayOpen: false, Cure: { } access })
        {
            yield return Finding.Problem(FaultKind.Unavailable, $"{pipeline}: user {user.Name} may not open {node} ({camera.Access})", options.Device, access);
            yield break;
        }

        if (camera.Trouble is { } trouble) throw new SourceException(SourceState.Failed, trouble);
        if (camera.Role == CameraRole.CsiReceiver)
        {
            yield return Finding.Problem(FaultKind.Configuration, $"{pipeline}: this node gives raw data of a ribbon-cable camera, not pictures", options.Device, "name the camera csi:0");
            yield break;
        }

        FourCc format = CameraNegotiation.Choose(camera.Offer, options);
        CameraControls.Check(options.Device, options.Controls, camera.Controls);
        yield return Mode(pipeline, options, camera, format);
        if (camera.Holder is { } holder && holder.Name != "edgeinfer")
            yield return Finding.Warning($"{pipeline}: {holder.Name} (process {holder.Id}) has the camera open", options.Device, $"stop {holder.Name} if the pipeline has no frames");
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
                return Finding.Warning($"{pipeline}: {camera.Name} does not offer {size.Width}x{size.Height} in {format}; its driver will give another size", options.Device, $"set size to one of: {camera.Offer.Describe()}");
            if (options.FramesPerSecond is { } rate && offered.FramesPerSecond.Count > 0 && offered.FramesPerSecond[0] < rate * 0.99)
                return Finding.Warning($"{pipeline}: {camera.Name} gives {offered.FramesPerSecond[0]:0.##} frames a second at most at {size.Width}x{size.Height} in {format}, not {rate:0.##}", options.Device, $"set fps or size to what it offers: {camera.Offer.Describe()}");
        }

        string controls = options.Controls.Wishes.Count == 0 ? "" : $", with {options.Controls}";
        return Finding.Ok($"{pipeline}: {asked}{(options.FramesPerSecond is { } fps ? $" at {fps:0.##}/s" : "")}{controls}", options.Device);
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
            ? Finding.Ok($"{pipeline}: the camera answers with {kind} in {time.GetElapsedTime(since).TotalMilliseconds:0} ms", name)
            : Finding.Warning($"{pipeline}: the server answers with {Quoted.Text(kind)}, which is no picture", name, "take the path of the stream or of the snapshot from the camera's manual");
    }

    private static Finding Pictures(string pipeline, FilesOptions options)
    {
        try
        {
            int count = FilePattern.Find(options.Pattern).Count;
            return count > 0
                ? Finding.Ok($"{pipeline}: {count} file{(count == 1 ? "" : "s")}", options.Pattern)
                : Finding.Problem(FaultKind.NoInput, $"{pipeline}: no file there", options.Pattern, "correct source.files, or put pictures there");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Finding.Problem(FaultKind.NoInput, $"{pipeline}: {e.Message}", options.Pattern, "let the service's user read the folder");
        }
    }
}

using System.Globalization;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Diagnosis;

/// <summary>Writes <c>pipelines</c>: one for each camera, and one of a synthetic source where there is none.</summary>
/// <param name="found">What was found.</param>
/// <param name="text">Where to.</param>
/// <param name="model">The model to serve.</param>
/// <param name="modelKey">Its name in the configuration.</param>
internal sealed class PipelineDraft(Surroundings found, DraftText text, ModelFinding model, string modelKey)
{
    private const int OfPipeline = 4;
    private const int OfSource = 6;
    private const int MostControls = 3;

    private bool _isFirst = true;

    /// <summary>Writes the section.</summary>
    public void Write()
    {
        text.Set(0, "pipelines:");
        IReadOnlyList<(SurveyedCamera Camera, CameraChoice Mode)> cameras = found.Usable;
        for (int i = 0; i < cameras.Count; i++) Camera(cameras.Count == 1 ? "camera" : $"camera-{i + 1}", cameras[i].Camera, cameras[i].Mode);
        if (found.HasCsi) Csi();
        if (_isFirst) Synthetic();
        Unusable();
    }

    private void Camera(string name, SurveyedCamera camera, CameraChoice mode)
    {
        Begin(name);
        text.Set(OfSource, $"camera: {DraftText.Value(camera.StablePath)}", camera.StablePath == camera.Path ? camera.Name : $"{camera.Name}, now {camera.Path}; this link survives another order of plugging in");
        text.Set(OfSource, $"format: {mode.Format}", _isFirst ? $"mjpg costs the least USB bandwidth; it offers {Short(camera.Offer.Describe())}" : $"it offers {Short(camera.Offer.Describe())}");
        if (mode.WidthPixels > 0)
            text.Set(OfSource, $"size: {mode.WidthPixels}x{mode.HeightPixels}", _isFirst ? $"more than 1280x720 costs decoding; the model sees {Input()}" : "");
        if (mode.FramesPerSecond is { } rate)
            text.Set(OfSource, string.Create(CultureInfo.InvariantCulture, $"fps: {rate:0.##}"), _isFirst ? "frames in between are dropped undecoded; the newest is inferred" : "");
        Controls(camera);
        Turn();
        End();
    }

    // Named with what they have now, so that taking the comment mark away changes nothing yet.
    private void Controls(SurveyedCamera camera)
    {
        string[] settable = [.. camera.Controls
            .Where(static c => !c.IsReadOnly && !c.IsInactive && c.Current is not null && c.Kind is ControlKind.Integer or ControlKind.Boolean or ControlKind.Menu)
            .Take(MostControls).Select(static c => string.Create(CultureInfo.InvariantCulture, $"{c.Name}: {c.Current}"))];
        if (settable.Length > 0) text.Unset(OfSource, $"controls: {{ {string.Join(", ", settable)} }}", _isFirst ? "set at each open; 'edgeinfer doctor' lists all" : "");
    }

    private void Csi()
    {
        Begin("csi");
        text.Set(OfSource, "camera: csi:0", "the first ribbon-cable camera, through rpicam-vid, libcamera-vid or GStreamer");
        text.Set(OfSource, "size: 1280x720");
        text.Set(OfSource, "fps: 15");
        Turn();
        End();
    }

    private void Synthetic()
    {
        Begin("belt");
        text.Set(OfSource, "synthetic: conveyor", "no camera was found: a belt drawn in code, with bolts, nuts, washers and gears");
        text.Set(OfSource, "size: 640x480");
        text.Set(OfSource, "fps: 15");
        End();
    }

    private void Begin(string name)
    {
        text.Set(2, $"{name}:", $"its topic: edgeinfer/{found.Device}/{name}/prediction");
        text.Set(OfPipeline, "source:");
    }

    private void Turn()
    {
        if (!_isFirst) return;
        text.Unset(OfSource, "rotate: 90", "clockwise, for a camera that is mounted sideways: 90, 180 or 270");
        text.Unset(OfSource, "flip: horizontal", "or vertical, both; after the turn");
        text.Unset(OfSource, "crop: [0.1, 0, 0.8, 1]", "x, y, width, height: the part that is kept, in fractions of the turned picture");
    }

    private void End()
    {
        if (_isFirst) Others();
        text.Set(OfPipeline, $"model: {modelKey}");
        text.Set(OfPipeline, "fps: 5", _isFirst ? "inferences a second, or max" : "");
        if (_isFirst) Filters();
        _isFirst = false;
        text.Gap();
    }

    private void Others()
    {
        text.Say(OfPipeline, "Other sources, in place of the one above; a pipeline has one:");
        text.Unset(OfPipeline, "source: { camera: /dev/video0, size: 1280x720, fps: 15 }", "better a link under /dev/v4l/by-path");
        text.Unset(OfPipeline, "source: { stream: http://camera.local/video, username: viewer, password: { file: /etc/edgeinfer/secrets/camera } }", "MJPEG");
        text.Unset(OfPipeline, "source: { stream: http://camera.local/snapshot.jpg, snapshot_interval: 1s }", "single pictures");
        text.Unset(OfPipeline, "source: { stream: rtsp://camera.local/stream1, username: viewer, password: { file: /etc/edgeinfer/secrets/camera } }", found.Programs.ContainsKey(Surroundings.Ffmpeg) ? "through ffmpeg" : "needs ffmpeg: apt-get install ffmpeg");
        text.Unset(OfPipeline, "source: { camera: csi:0, size: 1280x720, fps: 15 }", "a camera on a ribbon (Raspberry Pi, Jetson)");
        text.Unset(OfPipeline, "source: { exec: 'ffmpeg -loglevel error -i belt.mp4 -f mjpeg -', fps: 5 }", "any command that writes MJPEG, or raw pictures with format and size");
        text.Unset(OfPipeline, "source: { files: pictures/*.jpg, loop: true }", "or a film: belt.mp4");
        text.Unset(OfPipeline, "source: { synthetic: conveyor, size: 640x480, fps: 15 }", "for trying");
    }

    private void Filters()
    {
        string[] labels = [.. model.Inspection!.Model!.ReportableLabels];
        string some = labels.Length == 0 ? "" : string.Join(", ", labels.Take(2).Select(DraftText.Value));
        if (labels.Length > 0) text.Unset(OfPipeline, $"labels: [{some}]", "report these alone; default: all that the model knows");
        text.Unset(OfPipeline, "threshold: 0.4", labels.Length == 0 ? "the least score; default: the model's" : $"the least score; default: the model's. Or for each label: {{ default: 0.4, {DraftText.Value(labels[0])}: 0.6 }}");
        text.Unset(OfPipeline, "min_area: 0.002", "the smallest box, as a fraction of the frame");
        text.Unset(OfPipeline, "record: { seconds: 10, size: 64MiB }", "keep the newest pictures in memory for 'edgeinfer capture'");
        text.Unset(OfPipeline, "delivery: durable", "each result is on the disk before it is sent; default: normal");
        text.Set(OfPipeline, "publish:");
        text.Unset(OfSource, "predictions: on-change", "when what is found differs from the last message; or every, off");
        text.Unset(OfSource, "min_interval: 0s", "the shortest time between two messages");
        text.Unset(OfSource, "heartbeat: 10s", "the longest silence, or off");
        text.Unset(OfSource, "topic: '{prefix}/{device}/{pipeline}/prediction'");
        text.Unset(OfSource, "qos: 1", "or 0");
    }

    // Cameras that are there and cannot be used as they are.
    private void Unusable()
    {
        foreach (SurveyedCamera camera in found.Cameras)
        {
            if (camera.Role == CameraRole.Camera) continue;
            string why = camera.Role switch
            {
                CameraRole.Unreadable => $"offers no format that EdgeInfer reads, only {camera.Offer.Names()}",
                CameraRole.CsiReceiver when found.HasCsi => "",
                CameraRole.CsiReceiver => "the receiver of a ribbon-cable camera: install rpicam-apps (Raspberry Pi) or GStreamer (Jetson), then write camera: csi:0",
                _ => camera.Access?.Cure is { } cure ? $"may not be opened: {cure}" : camera.Trouble?.What ?? "could not be asked",
            };
            if (why.Length > 0) text.Say(2, $"Not used: {camera.Path}{(camera.Name.Length == 0 ? "" : $" ({camera.Name})")}: {why}");
        }
    }

    private string Input()
    {
        Models.PictureInput input = model.Inspection!.Model!.Input;
        return $"{input.Width}x{input.Height}";
    }

    private static string Short(string offer) => offer.Length <= 80 ? offer : offer[..80] + "…";
}

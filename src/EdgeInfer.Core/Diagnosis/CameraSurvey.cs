using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using EdgeInfer.Sources.Camera;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Diagnosis;

/// <summary>
/// Every V4L2 node of this machine that captures pictures: what it offers, its controls, and who may open it. Nodes that carry
/// metadata, take pictures in or are part of a codec or an image processor are left out. Nothing is set and nothing is streamed.
/// </summary>
/// <param name="files">The system.</param>
/// <param name="accounts">Users and groups.</param>
/// <param name="user">The service's user.</param>
internal sealed class CameraSurvey(SystemFiles files, Accounts accounts, ServiceUser user)
{
    private const int MostNodes = 64;

    /// <summary>A camera that is unplugged or broken makes its driver wait for each answer.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    // Image processors and codecs whose nodes say that they capture; without a camera in front of them no frame ever comes.
    private static readonly string[] s_processors = ["bcm2835-isp", "bcm2835-codec", "pispbe", "rpi-hevc-dec", "rpivid", "hantro-vpu", "rkvdec"];

    // Receivers of ribbon-cable cameras: raw sensor data, set up through a media controller.
    private static readonly string[] s_receivers = ["unicam", "rp1-cfe", "tegra-video", "vi", "rkisp1", "rkcif", "imx-media", "mx6s-csi", "sun6i-csi"];

    /// <summary>A survey of this machine for the user that the service runs as.</summary>
    public static CameraSurvey OfThisMachine()
    {
        SystemFiles files = new();
        Accounts accounts = new(files);
        return new(files, accounts, accounts.Service());
    }

    /// <summary>Asks all nodes side by side; takes at most about 3 s, however they behave.</summary>
    public async Task<IReadOnlyList<SurveyedCamera>> ReadAsync(CancellationToken stop)
    {
        IReadOnlyDictionary<string, string> byPath = Links("/dev/v4l/by-path");
        IReadOnlyDictionary<string, string> byId = Links("/dev/v4l/by-id");
        List<Task<SurveyedCamera?>> asked = [];
        for (int i = 0; i < MostNodes; i++)
        {
            string path = $"/dev/video{i}";
            asked.Add(AskAsync(path, byPath.GetValueOrDefault(path), byId.GetValueOrDefault(path), stop));
        }

        return [.. (await Task.WhenAll(asked).ConfigureAwait(false)).OfType<SurveyedCamera>()];
    }

    private async Task<SurveyedCamera?> AskAsync(string path, string? byPath, string? byId, CancellationToken stop)
    {
        if (DeviceAccess.Rights(path) is null) return null;
        try
        {
            // A thread of its own, which is left behind where the driver never answers.
            Task<SurveyedCamera?> asking = Task.Factory.StartNew(() => Ask(path), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            SurveyedCamera? camera = await asking.WaitAsync(s_patience, stop).ConfigureAwait(false);
            return camera is null ? null : camera with { ByPath = byPath, ById = byId };
        }
        catch (TimeoutException)
        {
            return new(path, SystemName(path), "", "", CameraRole.Unknown)
            {
                ByPath = byPath,
                ById = byId,
                Access = AccessOf(path, null),
                Trouble = new(FaultKind.Unavailable, path, $"its driver does not answer within {s_patience.TotalSeconds:0} s",
                    "unplug it and plug it in again; if this recurs, change the cable, the hub or the power supply"),
            };
        }
    }

    private SurveyedCamera? Ask(string path)
    {
        (CameraNode? node, int error) = CameraNode.TryOpen(path);
        if (node is null) return Unopened(path, error);
        SurveyedCamera? camera;
        using (node)
        {
            if (node.Identify(out CameraIdentity identity) != Errno.None) return null;
            if (identity.Kind is not (CameraKind.Capture or CameraKind.MultiplanarCapture) || s_processors.Contains(identity.Driver)) return null;
            CameraOffer offer = identity.Kind == CameraKind.Capture ? CameraOffer.Read(node) : new([]);
            bool isReceiver = s_receivers.Contains(identity.Driver) || identity.Kind == CameraKind.MultiplanarCapture;
            bool isReadable = FourCc.Preferred.Any(f => offer.Find(f) is not null);
            // A USB camera has a second node that says it captures and offers nothing: its metadata.
            if (offer.Formats.Count == 0 && !isReceiver) return null;
            camera = new(path, identity.Card, identity.Driver, identity.Bus, isReceiver ? CameraRole.CsiReceiver : isReadable ? CameraRole.Camera : CameraRole.Unreadable)
            {
                Offer = offer,
                Controls = ControlList.Read(node),
                Access = AccessOf(path, user.IsSelf ? true : null),
            };
        }

        return camera with { Holder = DeviceHolders.Find(path, ownDescriptor: -1) };
    }

    private SurveyedCamera? Unopened(string path, int error)
    {
        if (error is Errno.NoEntry or Errno.NoDevice or Errno.NoSuchAddress) return null;
        bool isDenied = error is Errno.Access or Errno.NotPermitted;
        // Its second and later nodes carry metadata or none of this agent's business; which, nobody who may not open them can tell.
        if (isDenied && files.Text($"/sys/class/video4linux/{Path.GetFileName(path)}/index") is { } index && index != "0") return null;
        return new(path, SystemName(path), "", "", CameraRole.Unknown)
        {
            Access = AccessOf(path, user.IsSelf && isDenied ? false : null),
            Holder = DeviceHolders.Find(path, ownDescriptor: -1),
            Trouble = CameraFaults.OfOpen(error, path).Fault,
        };
    }

    private NodeAccess? AccessOf(string path, bool? opened)
        => DeviceAccess.Rights(path) is { } rights ? NodeAccess.Of(path, rights, user, accounts, opened) : null;

    private string SystemName(string path) => files.Text($"/sys/class/video4linux/{Path.GetFileName(path)}/name") ?? "";

    private Dictionary<string, string> Links(string folder)
    {
        Dictionary<string, string> links = new(StringComparer.Ordinal);
        foreach (string link in files.List(folder))
            if (files.Target(link) is { } target) links.TryAdd(target, link);
        return links;
    }
}

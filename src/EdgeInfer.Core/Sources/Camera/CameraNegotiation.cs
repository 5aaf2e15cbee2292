using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Sources.Camera;

/// <summary>What came of asking a camera for a mode.</summary>
/// <param name="Mode">What the driver gives.</param>
/// <param name="Difference">Where that is not what was wanted; null where it is.</param>
internal sealed record NegotiatedMode(CameraMode Mode, Fault? Difference);

/// <summary>Agrees on format, size and rate with a camera and reports what the driver really gives.</summary>
internal static class CameraNegotiation
{
    /// <summary>Rates closer than this are one rate: drivers say 29.97 or 30.00003.</summary>
    private const double RateTolerance = 0.01;

    /// <summary>Denominators up to 30000/1001 fit without rounding that a driver would notice.</summary>
    private const uint RateScale = 1000;

    /// <summary>Sets a node to the wanted mode, or to the nearest that its driver has.</summary>
    /// <exception cref="SourceException">The node offers nothing EdgeInfer reads, or refuses.</exception>
    public static NegotiatedMode Agree(CameraNode node, CameraOptions wanted)
    {
        CameraOffer offer = CameraOffer.Read(node);
        FourCc format = Choose(offer, wanted);
        V4l2Format set = SetFormat(node, format, wanted);
        FourCc given = new(set.PixelFormat);
        if (given.PixelFormat == Signals.PixelFormat.None || (wanted.Format is not null && given.PixelFormat != format.PixelFormat))
        {
            throw CameraFaults.Of(SourceState.Failed, FaultKind.Unavailable, node.Path, $"offers {format} but gives {given}",
                $"set format to another that it offers: {offer.Describe()}");
        }

        double rate = SetRate(node, wanted.FramesPerSecond);
        CameraMode mode = new(given, (int)set.Width, (int)set.Height, Stride(given, set), rate, given.PixelFormat == Signals.PixelFormat.Jpeg ? default : CameraColour.Of(set));
        return new(mode, Compare(node.Path, mode, wanted, offer));
    }

    /// <summary>The format to ask for: the wanted one, or the best that has the wanted size, or the best.</summary>
    /// <exception cref="SourceException">The wanted format is not offered, or none that EdgeInfer reads.</exception>
    public static FourCc Choose(CameraOffer offer, CameraOptions wanted)
    {
        List<FourCc> readable = [.. FourCc.Preferred.Where(f => offer.Find(f) is not null)];
        if (readable.Count == 0)
        {
            throw CameraFaults.Of(SourceState.Failed, FaultKind.Unavailable, wanted.Device,
                $"offers no format that EdgeInfer reads, only {offer.Names()}", "use a camera that gives MJPG, YUYV, NV12 or GREY");
        }

        if (wanted.Format is { } name)
        {
            FourCc asked = name.Length == 4 ? FourCc.Of(name) : default;
            FourCc match = readable.Find(f => f == asked || (asked == FourCc.Mjpg && f == FourCc.Jpeg));
            if (match != default) return match;
            throw CameraFaults.Of(SourceState.Failed, FaultKind.Configuration, wanted.Device,
                $"does not offer format {name}", $"set format to one of: {offer.Describe()}; or leave it out");
        }

        if (wanted.Size is not { } size) return readable[0];
        FourCc fitting = readable.Find(f => offer.Find(f)!.Sizes.Any(s => s.Contains(size.Width, size.Height)));
        return fitting == default ? readable[0] : fitting;
    }

    /// <summary>Where the given mode is not the wanted one; null where it is.</summary>
    public static Fault? Compare(string path, CameraMode given, CameraOptions wanted, CameraOffer offer)
    {
        bool isSize = wanted.Size is not { } size || (size.Width == given.WidthPixels && size.Height == given.HeightPixels);
        bool isRate = wanted.FramesPerSecond is not { } rate || Math.Abs(given.FramesPerSecond - rate) <= rate * RateTolerance;
        if (isSize && isRate) return null;
        string asked = isSize ? $"{wanted.FramesPerSecond:0.##}/s"
            : wanted.FramesPerSecond is { } r ? $"{wanted.Size!.Value.Width}x{wanted.Size!.Value.Height} at {r:0.##}/s"
            : $"{wanted.Size!.Value.Width}x{wanted.Size!.Value.Height}";
        string gives = given.FramesPerSecond > 0 ? given.ToString() : $"{given} and does not say its rate";
        return new(FaultKind.Unavailable, path, $"asked for {asked}, the driver gives {gives}",
            $"set size and fps to what it offers: {offer.Describe()}");
    }

    private static V4l2Format SetFormat(CameraNode node, FourCc format, CameraOptions wanted)
    {
        // Without the mark a driver's answer about encoding and quantisation means nothing.
        V4l2Format set = new() { Type = V4l2Values.BufferTypeVideoCapture, Private = V4l2Values.HasExtendedFields };
        CameraFaults.ThrowIfError(node.Control(V4l2Commands.GetFormat, ref set), node, "to tell its format");
        set.PixelFormat = format.Value;
        set.Field = V4l2Values.FieldNone;
        set.BytesPerLine = 0;
        set.SizeImage = 0;
        set.Private = V4l2Values.HasExtendedFields;
        if (wanted.Size is { } size) (set.Width, set.Height) = ((uint)size.Width, (uint)size.Height);
        CameraFaults.ThrowIfError(node.Control(V4l2Commands.SetFormat, ref set), node, $"to set {set.Width}x{set.Height} {format}");
        return set;
    }

    private static double SetRate(CameraNode node, double? wanted)
    {
        V4l2StreamParameters parameters = new() { Type = V4l2Values.BufferTypeVideoCapture };
        // Some drivers have no rate at all (ENOTTY, EINVAL): then it is unknown, which Compare says.
        if (node.Control(V4l2Commands.GetParameters, ref parameters) != Errno.None) return 0;
        if (wanted is { } rate && (parameters.Capability & V4l2Values.TimePerFrame) != 0)
        {
            parameters.TimePerFrame = Interval(rate);
            int error = node.Control(V4l2Commands.SetParameters, ref parameters);
            if (error is Errno.Busy or Errno.NoDevice) throw CameraFaults.OfError(error, node, "to set its rate");
            if (error != Errno.None) return 0;
        }

        return parameters.TimePerFrame.FramesPerSecond;
    }

    private static V4l2Fraction Interval(double framesPerSecond)
    {
        uint scaled = (uint)Math.Round(framesPerSecond * RateScale);
        (uint a, uint b) = (scaled, RateScale);
        while (b != 0) (a, b) = (b, a % b);
        return new() { Numerator = RateScale / a, Denominator = scaled / a };
    }

    private static int Stride(FourCc format, in V4l2Format set)
    {
        int packed = format.PixelFormat switch
        {
            Signals.PixelFormat.Yuyv => (int)set.Width * 2,
            Signals.PixelFormat.Nv12 or Signals.PixelFormat.Gray8 => (int)set.Width,
            _ => 0,
        };
        return packed == 0 ? 0 : Math.Max(packed, (int)set.BytesPerLine);
    }
}

using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using EdgeInfer.Posix.Interop;
using EdgeInfer.Sources.Camera;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Tests.Sources.Camera;

/// <summary>Holds the structs, commands and values against the kernel's own header: the C compiler asserts each.</summary>
public sealed class V4l2LayoutTests
{
    private static readonly (string C, Type Type, (string Field, string Member)[] Fields)[] s_structs =
    [
        ("struct v4l2_capability", typeof(V4l2Capability),
            [("Driver", "driver"), ("Card", "card"), ("Bus", "bus_info"), ("Version", "version"), ("Capabilities", "capabilities"), ("DeviceCapabilities", "device_caps")]),
        ("struct v4l2_fmtdesc", typeof(V4l2FormatDescription),
            [("Index", "index"), ("Type", "type"), ("Flags", "flags"), ("Description", "description"), ("PixelFormat", "pixelformat")]),
        ("struct v4l2_frmsizeenum", typeof(V4l2FrameSizeEnumeration),
            [("Index", "index"), ("PixelFormat", "pixel_format"), ("Type", "type"), ("DiscreteWidth", "discrete.width"), ("DiscreteHeight", "discrete.height"),
             ("MinWidth", "stepwise.min_width"), ("MaxWidth", "stepwise.max_width"), ("StepWidth", "stepwise.step_width"),
             ("MinHeight", "stepwise.min_height"), ("MaxHeight", "stepwise.max_height"), ("StepHeight", "stepwise.step_height")]),
        ("struct v4l2_fract", typeof(V4l2Fraction), [("Numerator", "numerator"), ("Denominator", "denominator")]),
        ("struct v4l2_frmivalenum", typeof(V4l2FrameIntervalEnumeration),
            [("Index", "index"), ("PixelFormat", "pixel_format"), ("Width", "width"), ("Height", "height"), ("Type", "type"), ("Min", "stepwise.min"), ("Max", "stepwise.max")]),
        ("struct v4l2_format", typeof(V4l2Format),
            [("Type", "type"), ("Width", "fmt.pix.width"), ("Height", "fmt.pix.height"), ("PixelFormat", "fmt.pix.pixelformat"), ("Field", "fmt.pix.field"),
             ("BytesPerLine", "fmt.pix.bytesperline"), ("SizeImage", "fmt.pix.sizeimage"),
             ("ColourSpace", "fmt.pix.colorspace"), ("Private", "fmt.pix.priv"), ("YuvEncoding", "fmt.pix.ycbcr_enc"), ("Quantisation", "fmt.pix.quantization")]),
        ("struct v4l2_streamparm", typeof(V4l2StreamParameters),
            [("Type", "type"), ("Capability", "parm.capture.capability"), ("CaptureMode", "parm.capture.capturemode"), ("TimePerFrame", "parm.capture.timeperframe")]),
        ("struct v4l2_requestbuffers", typeof(V4l2RequestBuffers), [("Count", "count"), ("Type", "type"), ("Memory", "memory")]),
        ("struct v4l2_buffer", typeof(V4l2Buffer),
            [("Index", "index"), ("Type", "type"), ("BytesUsed", "bytesused"), ("Flags", "flags"), ("TimestampSeconds", "timestamp.tv_sec"),
             ("TimestampMicroseconds", "timestamp.tv_usec"), ("Sequence", "sequence"), ("Memory", "memory"), ("Offset", "m.offset"), ("Length", "length")]),
        ("struct pollfd", typeof(Poll.Descriptor), [("Number", "fd"), ("Wanted", "events"), ("Found", "revents")]),
        ("struct v4l2_query_ext_ctrl", typeof(V4l2ControlQuery),
            [("Id", "id"), ("Type", "type"), ("Name", "name"), ("Minimum", "minimum"), ("Maximum", "maximum"), ("Step", "step"), ("Default", "default_value"), ("Flags", "flags")]),
        ("struct v4l2_querymenu", typeof(V4l2MenuQuery), [("Id", "id"), ("Index", "index"), ("Name", "name"), ("Value", "value")]),
        ("struct v4l2_ext_control", typeof(V4l2ExtendedControl), [("Id", "id"), ("Size", "size"), ("Value", "value"), ("Value64", "value64")]),
        ("struct v4l2_ext_controls", typeof(V4l2ExtendedControls), [("Class", "which"), ("Count", "count"), ("ErrorIndex", "error_idx"), ("Controls", "controls")]),
        ("struct v4l2_control", typeof(V4l2PlainControl), [("Id", "id"), ("Value", "value")]),
        ("struct statx", typeof(FileFacts), [("Owner", "stx_uid"), ("Group", "stx_gid"), ("Mode", "stx_mode"), ("DeviceMajor", "stx_rdev_major"), ("DeviceMinor", "stx_rdev_minor")]),
    ];

    private static readonly (string C, long Value)[] s_numbers =
    [
        ("VIDIOC_QUERYCAP", V4l2Commands.QueryCapability), ("VIDIOC_ENUM_FMT", V4l2Commands.EnumerateFormats), ("VIDIOC_G_FMT", V4l2Commands.GetFormat),
        ("VIDIOC_S_FMT", V4l2Commands.SetFormat), ("VIDIOC_REQBUFS", V4l2Commands.RequestBuffers), ("VIDIOC_QUERYBUF", V4l2Commands.QueryBuffer),
        ("VIDIOC_QBUF", V4l2Commands.QueueBuffer), ("VIDIOC_DQBUF", V4l2Commands.DequeueBuffer), ("VIDIOC_STREAMON", V4l2Commands.StreamOn),
        ("VIDIOC_STREAMOFF", V4l2Commands.StreamOff), ("VIDIOC_G_PARM", V4l2Commands.GetParameters), ("VIDIOC_S_PARM", V4l2Commands.SetParameters),
        ("VIDIOC_ENUM_FRAMESIZES", V4l2Commands.EnumerateFrameSizes), ("VIDIOC_ENUM_FRAMEINTERVALS", V4l2Commands.EnumerateFrameIntervals),
        ("V4L2_BUF_TYPE_VIDEO_CAPTURE", V4l2Values.BufferTypeVideoCapture), ("V4L2_MEMORY_MMAP", V4l2Values.MemoryMap), ("V4L2_FIELD_NONE", V4l2Values.FieldNone),
        ("V4L2_CAP_VIDEO_CAPTURE", V4l2Values.CapabilityVideoCapture), ("V4L2_CAP_VIDEO_OUTPUT", V4l2Values.CapabilityVideoOutput),
        ("V4L2_CAP_VIDEO_CAPTURE_MPLANE", V4l2Values.CapabilityVideoCaptureMultiplanar), ("V4L2_CAP_VIDEO_OUTPUT_MPLANE", V4l2Values.CapabilityVideoOutputMultiplanar),
        ("V4L2_CAP_VIDEO_M2M", V4l2Values.CapabilityMemoryToMemory), ("V4L2_CAP_VIDEO_M2M_MPLANE", V4l2Values.CapabilityMemoryToMemoryMultiplanar),
        ("V4L2_CAP_META_CAPTURE", V4l2Values.CapabilityMetadataCapture), ("V4L2_CAP_META_OUTPUT", V4l2Values.CapabilityMetadataOutput),
        ("V4L2_CAP_STREAMING", V4l2Values.CapabilityStreaming), ("V4L2_CAP_DEVICE_CAPS", V4l2Values.CapabilityDeviceCapabilities),
        ("V4L2_CAP_TIMEPERFRAME", V4l2Values.TimePerFrame), ("V4L2_FRMSIZE_TYPE_DISCRETE", V4l2Values.EnumerationDiscrete),
        ("V4L2_FRMIVAL_TYPE_DISCRETE", V4l2Values.EnumerationDiscrete), ("V4L2_BUF_FLAG_ERROR", V4l2Values.BufferFlagError),
        ("V4L2_BUF_FLAG_TIMESTAMP_MASK", V4l2Values.BufferFlagTimestampMask), ("V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC", V4l2Values.BufferFlagTimestampMonotonic),
        ("VIDIOC_G_CTRL", V4l2Commands.GetPlainControl), ("VIDIOC_S_CTRL", V4l2Commands.SetPlainControl), ("VIDIOC_QUERYMENU", V4l2Commands.QueryMenu),
        ("VIDIOC_G_EXT_CTRLS", V4l2Commands.GetExtendedControls), ("VIDIOC_S_EXT_CTRLS", V4l2Commands.SetExtendedControls), ("VIDIOC_QUERY_EXT_CTRL", V4l2Commands.QueryExtendedControl),
        ("V4L2_CTRL_ID2CLASS(~0UL)", V4l2Values.ControlClassMask), ("V4L2_CTRL_FLAG_NEXT_CTRL", V4l2Values.NextControl),
        ("V4L2_CTRL_TYPE_INTEGER", V4l2Values.ControlInteger), ("V4L2_CTRL_TYPE_BOOLEAN", V4l2Values.ControlBoolean), ("V4L2_CTRL_TYPE_MENU", V4l2Values.ControlMenu),
        ("V4L2_CTRL_TYPE_BUTTON", V4l2Values.ControlButton), ("V4L2_CTRL_TYPE_INTEGER64", V4l2Values.ControlInteger64), ("V4L2_CTRL_TYPE_CTRL_CLASS", V4l2Values.ControlClass),
        ("V4L2_CTRL_TYPE_STRING", V4l2Values.ControlText), ("V4L2_CTRL_TYPE_BITMASK", V4l2Values.ControlBitmask), ("V4L2_CTRL_TYPE_INTEGER_MENU", V4l2Values.ControlIntegerMenu),
        ("V4L2_CTRL_FLAG_DISABLED", V4l2Values.ControlFlagDisabled), ("V4L2_CTRL_FLAG_GRABBED", V4l2Values.ControlFlagGrabbed),
        ("V4L2_CTRL_FLAG_READ_ONLY", V4l2Values.ControlFlagReadOnly), ("V4L2_CTRL_FLAG_UPDATE", V4l2Values.ControlFlagUpdate),
        ("V4L2_CTRL_FLAG_INACTIVE", V4l2Values.ControlFlagInactive), ("V4L2_CTRL_FLAG_WRITE_ONLY", V4l2Values.ControlFlagWriteOnly),
        ("V4L2_CTRL_FLAG_HAS_PAYLOAD", V4l2Values.ControlFlagHasPayload), ("V4L2_CID_AUTO_WHITE_BALANCE", V4l2Values.ControlAutoWhiteBalance),
        ("V4L2_CID_AUTOGAIN", V4l2Values.ControlAutoGain), ("V4L2_CID_HUE_AUTO", V4l2Values.ControlHueAuto), ("V4L2_CID_AUTOBRIGHTNESS", V4l2Values.ControlAutoBrightness),
        ("V4L2_CID_EXPOSURE_AUTO", V4l2Values.ControlAutoExposure), ("V4L2_CID_EXPOSURE_ABSOLUTE", V4l2Values.ControlExposureAbsolute),
        ("V4L2_CID_EXPOSURE_AUTO_PRIORITY", V4l2Values.ControlExposureAutoPriority), ("V4L2_CID_FOCUS_AUTO", V4l2Values.ControlFocusAuto),
        ("V4L2_CID_ISO_SENSITIVITY_AUTO", V4l2Values.ControlIsoSensitivityAuto),
        ("V4L2_PIX_FMT_MJPEG", EdgeInfer.Sources.Camera.FourCc.Mjpg.Value), ("V4L2_PIX_FMT_JPEG", EdgeInfer.Sources.Camera.FourCc.Jpeg.Value),
        ("V4L2_PIX_FMT_YUYV", EdgeInfer.Sources.Camera.FourCc.Yuyv.Value), ("V4L2_PIX_FMT_NV12", EdgeInfer.Sources.Camera.FourCc.Nv12.Value),
        ("V4L2_PIX_FMT_GREY", EdgeInfer.Sources.Camera.FourCc.Grey.Value),
        ("V4L2_PIX_FMT_PRIV_MAGIC", V4l2Values.HasExtendedFields), ("V4L2_COLORSPACE_SMPTE240M", V4l2Values.ColourSpaceSmpte240M),
        ("V4L2_COLORSPACE_REC709", V4l2Values.ColourSpaceRec709), ("V4L2_COLORSPACE_JPEG", V4l2Values.ColourSpaceJpeg),
        ("V4L2_COLORSPACE_BT2020", V4l2Values.ColourSpaceBt2020), ("V4L2_COLORSPACE_DCI_P3", V4l2Values.ColourSpaceDciP3),
        ("V4L2_YCBCR_ENC_DEFAULT", V4l2Values.YuvEncodingDefault), ("V4L2_YCBCR_ENC_601", V4l2Values.YuvEncoding601), ("V4L2_YCBCR_ENC_709", V4l2Values.YuvEncoding709),
        ("V4L2_YCBCR_ENC_XV601", V4l2Values.YuvEncodingXv601), ("V4L2_YCBCR_ENC_XV709", V4l2Values.YuvEncodingXv709), ("V4L2_YCBCR_ENC_SYCC", V4l2Values.YuvEncodingSycc),
        ("V4L2_YCBCR_ENC_BT2020", V4l2Values.YuvEncodingBt2020), ("V4L2_YCBCR_ENC_BT2020_CONST_LUM", V4l2Values.YuvEncodingBt2020Constant),
        ("V4L2_YCBCR_ENC_SMPTE240M", V4l2Values.YuvEncodingSmpte240M), ("V4L2_QUANTIZATION_FULL_RANGE", V4l2Values.QuantisationFull),
        ("V4L2_QUANTIZATION_LIM_RANGE", V4l2Values.QuantisationLimited),
        ("(O_RDWR | O_NONBLOCK | O_CLOEXEC)", V4l2.OpenReadWriteNonBlocking), ("PROT_READ", V4l2.ProtectionRead), ("MAP_SHARED", V4l2.MapShared), ("(PROT_READ | PROT_WRITE)", V4l2.ProtectionReadWrite),
        ("(MAP_PRIVATE | MAP_ANONYMOUS)", V4l2.MapPrivateAnonymous), ("(MREMAP_MAYMOVE | MREMAP_FIXED)", V4l2.RemapInPlaceOf),
        ("POLLIN", Poll.In), ("POLLERR", Poll.Error), ("POLLHUP", Poll.HangUp), ("AT_FDCWD", V4l2.AtCurrentDirectory), ("STATX_BASIC_STATS", V4l2.StatxBasic),
        ("EPERM", Errno.NotPermitted), ("ENOENT", Errno.NoEntry), ("EINTR", Errno.Interrupted), ("EIO", Errno.InputOutput), ("ENXIO", Errno.NoSuchAddress),
        ("EAGAIN", Errno.Again), ("ENOMEM", Errno.NoMemory), ("EACCES", Errno.Access), ("EBUSY", Errno.Busy), ("ENODEV", Errno.NoDevice), ("ENOTDIR", Errno.NotDirectory),
        ("EINVAL", Errno.Invalid), ("ENOTTY", Errno.NotTypewriter), ("ENOSPC", Errno.NoSpace), ("EPIPE", Errno.BrokenPipe), ("ENOLINK", Errno.NoLink),
        ("EPROTO", Errno.Protocol), ("ESHUTDOWN", Errno.ShutDown),
    ];

    [Theory]
    [InlineData("cc")]
    [InlineData("aarch64-linux-gnu-gcc")]
    public async Task Every_struct_command_and_value_is_that_of_the_kernels_header(string compiler)
    {
        string source = Path.Combine(Directory.CreateTempSubdirectory("edgeinfer-layout-").FullName, "layout.c");
        await File.WriteAllTextAsync(source, Assertions(), TestContext.Current.CancellationToken);
        (int code, string errors) = await Compile(compiler, source);
        Directory.Delete(Path.GetDirectoryName(source)!, recursive: true);
        Assert.True(code == 0, errors);
    }

    [Fact]
    public void Every_field_of_every_struct_is_compared()
    {
        foreach ((string c, Type type, (string Field, string)[] fields) in s_structs)
        {
            string[] compared = [.. fields.Select(f => f.Field).Order(StringComparer.Ordinal)];
            string[] declared = [.. type.GetFields().Select(f => f.Name).Order(StringComparer.Ordinal)];
            Assert.True(declared.SequenceEqual(compared), $"{c}: {string.Join(' ', declared)} against {string.Join(' ', compared)}");
        }
    }

    private static string Assertions()
    {
        StringBuilder c = new();
        c.AppendLine("#define _GNU_SOURCE");
        foreach (string header in (string[])["errno.h", "fcntl.h", "poll.h", "stddef.h", "sys/mman.h", "sys/stat.h", "sys/time.h", "linux/videodev2.h"]) c.AppendLine($"#include <{header}>");
        foreach ((string name, Type type, (string Field, string Member)[] fields) in s_structs)
        {
            c.AppendLine($"_Static_assert(sizeof({name}) == {SizeOf(type)}, \"size of {name}\");");
            foreach ((string field, string member) in fields)
            {
                FieldInfo info = type.GetField(field)!;
                c.AppendLine($"_Static_assert(offsetof({name}, {member}) == {OffsetOf(type, field)}, \"{name}.{member}\");");
                c.AppendLine($"_Static_assert(sizeof((({name} *)0)->{member}) == {SizeOf(info.FieldType)}, \"size of {name}.{member}\");");
            }
        }

        for (uint space = 0; space <= V4l2Values.ColourSpaceDciP3; space++)
        {
            c.AppendLine($"_Static_assert(V4L2_MAP_YCBCR_ENC_DEFAULT({space}) == {CameraColour.DefaultEncoding(space)}, \"encoding of {space}\");");
            c.AppendLine($"_Static_assert(V4L2_MAP_QUANTIZATION_DEFAULT(0, {space}, 0) == {CameraColour.DefaultQuantisation(space)}, \"quantization of {space}\");");
        }

        foreach ((string name, long value) in s_numbers) c.AppendLine($"_Static_assert((long long)({name}) == {value}LL, \"{name}\");");
        return c.ToString();
    }

    private static int SizeOf(Type type) => (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static int OffsetOf(Type type, string field) => (int)System.Runtime.InteropServices.Marshal.OffsetOf(type, field);

    private static async Task<(int Code, string Errors)> Compile(string compiler, string source)
    {
        if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(f => File.Exists(Path.Combine(f, compiler)))) Assert.Skip($"no compiler {compiler}");
        ProcessStartInfo start = new(compiler, ["-std=gnu11", "-fsyntax-only", source]) { RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        string errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        if (errors.Contains("linux/videodev2.h: No such file", StringComparison.Ordinal)) Assert.Skip("no kernel headers (linux-libc-dev)");
        // The compiler for another processor comes without that one's C library where recommended packages are left out.
        if (errors.Contains("fatal error: bits/", StringComparison.Ordinal)) Assert.Skip($"{compiler} has no headers of its C library (libc6-dev-arm64-cross)");
        return (process.ExitCode, errors);
    }
}

using System.Buffers.Binary;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Posix;
using EdgeInfer.Postprocessing;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using EdgeInfer.Sources.Files;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Gate;

/// <summary>
/// The probe's side: loads the model as the agent will, takes each golden input through the same stages as a pipeline does, and measures.
/// It says what it does before it does it, because the next call may be its last.
/// </summary>
/// <param name="request">What to do.</param>
/// <param name="output">Where the parent listens; unbuffered.</param>
/// <param name="time">Clock.</param>
internal sealed class ProbeChild(ProbeRequest request, Stream output, TimeProvider time)
{
    /// <summary>Does it.</summary>
    public void Run()
    {
        string folder = request.Folder;
        ProbeFailureKind phase = ProbeFailureKind.Load;
        try
        {
            Say(new ProbeBegins("loading the model"));
            long began = time.GetTimestamp();
            Model model = ModelLoader.Load(folder);
            InferenceRuntime runtime = new(request.Runtime, time, NullLogger.Instance);
            using (ModelSession session = runtime.Open(model))
            using (ModelStages stages = new(session, DecoderOptions.Default, time))
            using (FrameDecoder frames = new([model.Input], PictureTurn.None, PreprocessorLimits.Default, time, NullLogger.Instance))
            {
                Say(new ProbeLoaded(stages.Provider, time.GetElapsedTime(began).TotalMilliseconds));
                phase = ProbeFailureKind.Input;
                using Inputs inputs = new(folder, request.Inputs, frames, stages, time);
                for (int i = 0; i < request.Inputs.Count; i++)
                {
                    Say(new ProbeBegins($"running {request.Inputs[i].File}"));
                    stages.UseThreshold(request.Inputs[i].Floor);
                    Say(Golden(i, inputs, stages));
                }

                Say(new ProbeBegins("measuring"));
                stages.UseThreshold(null);
                Say(Measure(inputs, stages));
                Say(new ProbeBegins("letting go of the model"));
            }

            Say(new ProbeEnds());
        }
        catch (FaultException e)
        {
            ProbeFailureKind kind = SessionFaults.IsLackOfMemory(e) ? ProbeFailureKind.Memory
                : phase == ProbeFailureKind.Load && e.Fault.Kind == FaultKind.Unavailable ? ProbeFailureKind.Provider : phase;
            Say(new ProbeFailure(kind, e.Fault.What));
        }
        catch (OutOfMemoryException e)
        {
            Say(new ProbeFailure(ProbeFailureKind.Memory, e.Message));
        }
    }

    private static ProbeMessage Golden(int input, Inputs inputs, ModelStages stages)
    {
        inputs.Process(input);
        if (stages.OutputWithoutNumber() is { } name) return new ProbeNotANumber(input, name);
        Prediction prediction = stages.Prediction;
        if (prediction.RawValues.Count > GoldenReader.MostNumbers) throw FaultException.Of(FaultKind.Data, stages.Model.Name, $"{prediction.RawValues.Count} numbers a result are more than can be compared");
        return GoldenWriter.Of(prediction, stages.Model) is { } result ? new ProbeResult(input, result) : new ProbeNotANumber(input, stages.Model.Output.Outputs[0].Name);
    }

    private ProbeTimes Measure(Inputs inputs, ModelStages stages)
    {
        // The inputs in turn: what a frame costs depends on what is in it.
        LatencyRounds rounds = new(time);
        StageTimes taken;
        do
        {
            inputs.Process(rounds.Runs % inputs.Count);
            taken = stages.Prediction.Timing;
        }
        while (rounds.Add(taken.PreprocessMilliseconds + taken.InferenceMilliseconds + taken.PostprocessMilliseconds, taken.InferenceMilliseconds));
        long peak = MachineMemory.Kibibytes(new SystemFiles().Lines("/proc/self/status"), "VmHWM:") ?? 0;
        return new(rounds.Runs, rounds.P95, rounds.InferenceP95, peak);
    }

    private void Say(ProbeMessage message) => output.Write(message.Encode());

    /// <summary>The golden pictures, one after the other in one frame; one of its own where there are none.</summary>
    private sealed class Inputs(string folder, IReadOnlyList<ProbeInput> inputs, FrameDecoder frames, ModelStages stages, TimeProvider time) : IDisposable
    {
        private const int Side = 256;

        private readonly FramePool _pool = new(1, PictureFile.LimitBytes);
        private readonly ResultNumbers _numbers = new(0);

        public int Count => Math.Max(1, inputs.Count);

        /// <summary>Takes a picture through all stages.</summary>
        public void Process(int input)
        {
            string name = inputs.Count == 0 ? "a picture of the probe's own" : inputs[input].File;
            StageTimes times = default;
            using (FrameLease frame = Read(input, name))
            {
                DecodeOutcome outcome = frames.Decode(frame, ref times);
                if (outcome == DecodeOutcome.Ok) outcome = stages.Fit(frames, frame.Info, times);
                if (outcome != DecodeOutcome.Ok) throw new FaultException(frames.Describe(outcome, name));
            }

            stages.Infer(_numbers);
        }

        public void Dispose() => _pool.Dispose();

        private FrameLease Read(int input, string name)
        {
            Frame slot = _pool.Rent() ?? throw new InvalidOperationException("the last picture was not returned");
            try
            {
                PictureReading reading = inputs.Count == 0 ? Draw(slot) : PictureFile.Read(Path.Combine(folder, inputs[input].File), _pool, slot);
                if (reading.Format == PixelFormat.None) throw FaultException.Of(FaultKind.Data, name, reading.IsTooLarge ? $"{name} is larger than {PictureFile.LimitBytes >> 20} MiB" : $"{name} is no picture that can be read");
                slot.Info = new() { Format = reading.Format, CapturedAt = time.GetUtcNow(), CapturedTimestamp = time.GetTimestamp() };
                return _pool.Publish(slot, reading.LengthBytes);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _pool.Abandon(slot);
                throw FaultException.Of(FaultKind.InputOutput, name, $"{name} cannot be read: {e.Message}", "", e);
            }
            catch
            {
                _pool.Abandon(slot);
                throw;
            }
        }

        // A bitmap whose three channels rise and fall at different rates: no golden input, but every stage has something to do.
        private PictureReading Draw(Frame slot)
        {
            const int Header = 54, Bytes = Header + (3 * Side * Side);
            Span<byte> picture = _pool.Memory(slot, Bytes)[..Bytes];
            picture[..Header].Clear();
            "BM"u8.CopyTo(picture);
            BinaryPrimitives.WriteInt32LittleEndian(picture[2..], Bytes);
            BinaryPrimitives.WriteInt32LittleEndian(picture[10..], Header);
            BinaryPrimitives.WriteInt32LittleEndian(picture[14..], 40);
            BinaryPrimitives.WriteInt32LittleEndian(picture[18..], Side);
            BinaryPrimitives.WriteInt32LittleEndian(picture[22..], Side);
            BinaryPrimitives.WriteInt16LittleEndian(picture[26..], 1);
            BinaryPrimitives.WriteInt16LittleEndian(picture[28..], 24);
            for (int i = Header; i < Bytes; i++) picture[i] = (byte)((i - Header) * (1 + (i % 3)) / 5);
            return new(PixelFormat.PictureFile, Bytes, Bytes);
        }
    }
}

namespace EdgeInfer.Configuration;

/// <summary><c>pipelines.NAME.record</c>: the newest inputs kept in memory with their results, for <c>edgeinfer capture</c>.</summary>
/// <param name="Frames">The most frames; null for as many as the other bounds let in.</param>
/// <param name="Time">How far back; null for as far as the other bounds let in.</param>
/// <param name="Bytes">The memory that frames and results take together.</param>
public sealed record RecordOptions(int? Frames, TimeSpan? Time, long Bytes)
{
    /// <summary><see cref="Bytes"/> where no size is written.</summary>
    public const long DefaultBytes = 64 << 20;
}

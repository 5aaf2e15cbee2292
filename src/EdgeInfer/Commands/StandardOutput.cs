using System.Text;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Commands;

/// <summary>Standard output, which names itself where it takes nothing: what .NET throws says neither what nor where.</summary>
/// <param name="inner">The console's.</param>
internal sealed class StandardOutput(TextWriter inner) : TextWriter
{
    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => Write([value]);

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    /// <inheritdoc/>
    public override void Write(string? value) => Write(value.AsSpan());

    /// <inheritdoc/>
    public override void WriteLine() => WriteLine([]);

    /// <inheritdoc/>
    public override void WriteLine(string? value) => WriteLine(value.AsSpan());

    /// <inheritdoc/>
    /// <exception cref="FaultException">It takes nothing.</exception>
    public override void Write(ReadOnlySpan<char> buffer)
    {
        try
        {
            inner.Write(buffer);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotWritten(e);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="FaultException">It takes nothing.</exception>
    public override void WriteLine(ReadOnlySpan<char> buffer)
    {
        try
        {
            inner.WriteLine(buffer);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotWritten(e);
        }
    }

    // .NET takes a closed descriptor (EBADF) for a lack of rights.
    private static FaultException NotWritten(Exception e) => FaultException.Of(
        FaultKind.InputOutput, "standard output", e is UnauthorizedAccessException ? "it is closed" : e.Message, "see where the shell sends it, and whether there is room", e);
}

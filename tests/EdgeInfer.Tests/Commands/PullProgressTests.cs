using EdgeInfer.Commands;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Commands;

/// <summary>What a download shows while it runs.</summary>
public sealed class PullProgressTests
{
    private readonly StringWriter _errors = new();
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_terminal_sees_bytes_rate_and_what_remains_on_one_line()
    {
        using PullProgress progress = new(_errors, isTerminal: true, _time);
        progress.Begin("model.onnx", 0, 4_000_000);
        _time.Advance(TimeSpan.FromSeconds(2));
        progress.Received(1_000_000);
        Assert.EndsWith("\r\u001b[Kmodel.onnx: 1.0 MB of 4.0 MB, 500 kB/s, 6 s left", _errors.ToString(), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        progress.Received(1_100_000);
        Assert.EndsWith("6 s left", _errors.ToString(), StringComparison.Ordinal);
        progress.End();
        Assert.EndsWith(Environment.NewLine, _errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_rate_counts_what_came_now_and_not_what_was_here()
    {
        using PullProgress progress = new(_errors, isTerminal: true, _time);
        progress.Begin("model.onnx", 3_000_000, 4_000_000);
        _time.Advance(TimeSpan.FromSeconds(1));
        progress.Received(3_100_000);
        Assert.Equal("model.onnx: 3.1 MB of 4.0 MB, 100 kB/s, 9 s left", progress.Line());
    }

    [Fact]
    public void A_log_sees_one_plain_line_a_file()
    {
        using PullProgress progress = new(_errors, isTerminal: false, _time);
        progress.Begin("model.onnx", 3_000_000, 4_000_000);
        _time.Advance(TimeSpan.FromSeconds(5));
        progress.Received(3_500_000);
        progress.End();
        Assert.Equal($"edgeinfer: model.onnx: 4.0 MB, 3.0 MB of it here already{Environment.NewLine}", _errors.ToString());
    }

    [Fact]
    public void A_word_in_between_gets_a_line_of_its_own()
    {
        using PullProgress progress = new(_errors, isTerminal: true, _time);
        progress.Begin("model.onnx", 0, null);
        progress.Say("trying again");
        Assert.EndsWith($"model.onnx: 0 B{Environment.NewLine}edgeinfer: trying again{Environment.NewLine}", _errors.ToString(), StringComparison.Ordinal);
    }
}

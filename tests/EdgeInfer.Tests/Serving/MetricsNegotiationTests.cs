using EdgeInfer.Serving;

namespace EdgeInfer.Tests.Serving;

public sealed class MetricsNegotiationTests
{
    // The first three are what Prometheus 2.42, Prometheus 3 and curl send.
    [Theory]
    [InlineData("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true)]
    [InlineData("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", true)]
    [InlineData("*/*", false)]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("text/plain", false)]
    [InlineData("application/openmetrics-text", true)]
    [InlineData("Application/OpenMetrics-Text; Version=\"1.0.0\"; Q=0.3", true)]
    [InlineData("application/openmetrics-text;q=0.4, text/plain;q=0.5", false)]
    [InlineData("application/openmetrics-text;q=0.5, text/plain;q=0.5", true)]
    [InlineData("application/openmetrics-text;q=0", false)]
    [InlineData("application/openmetrics-text;q=much", false)]
    [InlineData("application/openmetrics-text;version=2.0.0", false)]
    [InlineData("application/openmetrics-text;version=0.0.1, text/plain;version=0.0.4;q=0.1", false)]
    [InlineData("application/json", false)]
    [InlineData(",,;;,q=1,", false)]
    public void OpenMetrics_is_for_those_who_ask_for_it_by_name_and_plain_text_for_all_others(string? accept, bool isOpen)
        => Assert.Equal(isOpen ? MetricsFormat.OpenMetrics : MetricsFormat.Prometheus, MetricsNegotiation.Choose(accept));

    [Fact]
    public void The_media_types_are_those_of_the_formats()
    {
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", MetricsNegotiation.ContentType(MetricsFormat.Prometheus));
        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8", MetricsNegotiation.ContentType(MetricsFormat.OpenMetrics));
    }
}

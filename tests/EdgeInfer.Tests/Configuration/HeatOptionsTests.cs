using EdgeInfer.Configuration;

namespace EdgeInfer.Tests.Configuration;

public sealed class HeatOptionsTests
{
    [Theory]
    [InlineData("", true, null)]
    [InlineData("runtime: { heat: {} }\n", true, null)]
    [InlineData("runtime: { heat: { limit: auto } }\n", true, null)]
    [InlineData("runtime: { heat: { limit: off } }\n", false, null)]
    [InlineData("runtime: { heat: { limit: 72.5 } }\n", true, 72.5)]
    public void The_limit_is_each_zones_own_a_number_or_off(string runtime, bool isGoverned, double? limit)
    {
        HeatOptions heat = ConfigurationText.Good(runtime + ConfigurationText.Smallest).Heat;
        Assert.Equal((isGoverned, limit), (heat.IsGoverned, heat.LimitCelsius));
    }

    [Theory]
    [InlineData("{ limit: 20 }", "edge.yaml:1:27: runtime.heat.limit: found '20'; expected auto, off, or degrees Celsius from 40 to 120")]
    [InlineData("{ limit: yes }", "edge.yaml:1:27: runtime.heat.limit: found 'yes'; expected auto, off, or degrees Celsius from 40 to 120")]
    [InlineData("{ limit: [70] }", "edge.yaml:1:27: runtime.heat.limit: found a list; expected auto, off, or degrees Celsius from 40 to 120")]
    [InlineData("{ limt: 70 }", "edge.yaml:1:20: unknown key 'runtime.heat.limt'; did you mean 'limit'?")]
    [InlineData("off", "edge.yaml:1:18: runtime.heat: found 'off'; expected a mapping")]
    public void What_is_wrong_with_it_is_named(string written, string fault)
        => Assert.Equal([fault], ConfigurationText.Faults($"runtime: {{ heat: {written} }}\n" + ConfigurationText.Smallest));

    [Fact]
    public void It_can_be_set_by_a_variable_and_is_no_part_of_what_restarts_a_pipeline()
    {
        AgentConfiguration set = ConfigurationText.Good(ConfigurationText.Smallest, ("EDGEINFER__RUNTIME__HEAT__LIMIT", "65"));
        Assert.Equal(65, set.Heat.LimitCelsius);
        Assert.Equal(ConfigurationText.Good(ConfigurationText.Smallest).Runtime, set.Runtime);
        Assert.NotEqual(ConfigurationText.Good(ConfigurationText.Smallest).Heat, set.Heat);
    }
}

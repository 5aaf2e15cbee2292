using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Settings;
using EdgeInfer.Tests.Configuration;
using EdgeInfer.Tests.Sources;

namespace EdgeInfer.Tests.Settings;

public sealed class SettingStoreTests : IDisposable
{
    private static readonly DateTimeOffset s_at = new(2026, 11, 25, 18, 0, 0, TimeSpan.Zero);
    private readonly TemporaryFolder _folder = new();

    private string File => _folder.At("settings.json");

    [Fact]
    public void What_was_saved_is_read_again()
    {
        SettingStore store = Open();
        Assert.False(System.IO.File.Exists(File));
        store.Set(Threshold("0.5", "0.4"));
        store.Save();
        Assert.Equal(Threshold("0.5", "0.4"), Open().Find("belt", "threshold"));
        Assert.Null(Open().Find("belt", "interval"));
    }

    [Theory]
    [InlineData("threshold: 0.4", true)]
    [InlineData("threshold: { default: 0.4, bolt: 0.9 }", true)]
    [InlineData("threshold: 0.45", false)]
    [InlineData("labels: [bolt]", false)]
    public void It_holds_until_the_configuration_says_something_else(string yaml, bool isKept)
    {
        SettingStore store = Open();
        store.Set(Threshold("0.5", "0.4"));
        Assert.Equal(isKept ? 0 : 1, store.DropOutdated(Configuration(yaml)).Count);
        Assert.Equal(isKept, store.Find("belt", "threshold") is not null);
    }

    [Fact]
    public void What_was_set_of_a_pipeline_that_is_gone_goes_with_it()
    {
        SettingStore store = Open();
        store.Set(Threshold("0.5", null) with { Pipeline = "exit" });
        store.Set(Threshold("0.5", null));
        Assert.Equal("exit", Assert.Single(store.DropOutdated(Configuration(""))).Pipeline);
        Assert.NotNull(store.Find("belt", "threshold"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"schema":"edgeinfer/settings/2","settings":[]}""")]
    [InlineData("""{"schema":"edgeinfer/settings/1"}""")]
    [InlineData("""{"schema":"edgeinfer/settings/1","settings":[{"pipeline":"belt"}]}""")]
    public void A_file_that_cannot_be_understood_is_set_aside_and_said(string content)
    {
        System.IO.File.WriteAllText(File, content);
        SettingStore store = SettingStore.Open(_folder.Path, out Fault? fault);
        Assert.StartsWith("the settings cannot be understood: ", fault!.What, StringComparison.Ordinal);
        Assert.Equal(content, System.IO.File.ReadAllText(File + ".broken"));
        Assert.False(System.IO.File.Exists(File));
        store.Set(Threshold("0.5", null));
        store.Save();
        Assert.NotNull(Open().Find("belt", "threshold"));
    }

    [Fact]
    public void A_damaged_file_on_a_disk_that_takes_no_other_name_for_it_is_said_and_stops_nothing()
    {
        System.IO.File.WriteAllText(File, "{");
        Directory.CreateDirectory(File + ".broken/full");
        SettingStore store = SettingStore.Open(_folder.Path, out Fault? fault);
        Assert.StartsWith("the settings cannot be understood: ", fault!.What, StringComparison.Ordinal);
        Assert.Null(store.Find("belt", "threshold"));
    }

    [Fact]
    public void A_file_larger_than_it_can_be_is_set_aside_unread()
    {
        System.IO.File.WriteAllBytes(File, new byte[(1 << 20) + 1]);
        _ = SettingStore.Open(_folder.Path, out Fault? fault);
        Assert.Contains("1048577 bytes", fault!.What, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_that_are_none_are_left_out_and_the_others_stay()
    {
        System.IO.File.WriteAllText(File, """
            {"schema":"edgeinfer/settings/1","settings":[null,
             {"pipeline":"belt","key":"threshold","value":"7","at":"2026-11-25T18:00:00+00:00"},
             {"pipeline":"../belt","key":"threshold","value":"0.5","at":"2026-11-25T18:00:00+00:00"},
             {"pipeline":null,"key":"threshold","value":"0.5","at":"2026-11-25T18:00:00+00:00"},
             {"pipeline":"belt","key":"threshold","value":null,"at":"2026-11-25T18:00:00+00:00"},
             {"pipeline":"belt","key":"colour","value":"0.5","at":"2026-11-25T18:00:00+00:00"},
             {"pipeline":"belt","key":"interval","value":"5","over":"0","at":"2026-11-25T18:00:00+00:00"}]}
            """);
        SettingStore store = SettingStore.Open(_folder.Path, out Fault? fault);
        Assert.Null(fault);
        Assert.Null(store.Find("belt", "threshold"));
        Assert.Equal("5", store.Find("belt", "interval")!.Value);
    }

    public void Dispose() => _folder.Dispose();

    private static StoredSetting Threshold(string value, string? over) => new() { Pipeline = "belt", Key = "threshold", Value = value, Over = over, At = s_at };

    private static AgentConfiguration Configuration(string yaml) => ConfigurationText.Good(ConfigurationText.Smallest + $"    {yaml}\n");

    private SettingStore Open()
    {
        SettingStore store = SettingStore.Open(_folder.Path, out Fault? fault);
        Assert.Null(fault);
        return store;
    }
}

using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Configuration;

public sealed class SecretTests : IDisposable
{
    private const string Canary = "s3cr3t-canary";
    private static readonly string[] s_places = ["file: ", "env: ", "credential: "];
    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-secrets-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(Canary)]
    [InlineData(Canary + "\n")]
    [InlineData(Canary + "\r\n")]
    public void A_file_gives_its_text_without_the_last_newline(string content)
    {
        File.WriteAllText(Path.Combine(_folder, "mqtt"), content);
        Assert.Equal(Canary, Password("{ file: mqtt }").Configuration!.Mqtt.Password!.Reveal());
    }

    [Fact]
    public void Spaces_and_further_newlines_belong_to_the_secret()
    {
        File.WriteAllText(Path.Combine(_folder, "mqtt"), " a \n\n");
        Assert.Equal(" a \n", Password("{ file: mqtt }").Configuration!.Mqtt.Password!.Reveal());
    }

    [Fact]
    public void A_variable_gives_its_value()
        => Assert.Equal(Canary, Password("{ env: MQTT_PASSWORD }", ("MQTT_PASSWORD", Canary)).Configuration!.Mqtt.Password!.Reveal());

    [Fact]
    public void A_credential_is_a_file_of_the_folder_that_systemd_names()
    {
        File.WriteAllText(Path.Combine(_folder, "mqtt.password"), Canary);
        Assert.Equal(Canary, Password("{ credential: mqtt.password }", ("CREDENTIALS_DIRECTORY", _folder)).Configuration!.Mqtt.Password!.Reveal());
    }

    [Fact]
    public void An_override_gives_the_text_or_where_it_stands()
    {
        Assert.Equal(Canary, Password("x", ("EDGEINFER__MQTT__PASSWORD", Canary)).Configuration!.Mqtt.Password!.Reveal());
        Assert.Equal(Canary, Password("{ file: mqtt }", ("EDGEINFER__MQTT__PASSWORD", "{ env: P }"), ("P", Canary)).Configuration!.Mqtt.Password!.Reveal());
    }

    [Fact]
    public void A_plain_secret_is_warned_of_only_where_everybody_can_read_the_file()
    {
        string path = Path.Combine(_folder, "edge.yaml");
        File.WriteAllText(path, ConfigurationText.Smallest.Replace("mqtt://broker.plant", $"mqtt://broker.plant, password: {Canary}", StringComparison.Ordinal));
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

        File.SetUnixFileMode(path, Owner | UnixFileMode.GroupRead);
        Assert.Empty(WarningsOf(path));

        File.SetUnixFileMode(path, Owner | UnixFileMode.OtherRead);
        string warning = Assert.Single(WarningsOf(path));
        Assert.Equal($"{path}:1:45: mqtt.password: the password stands in a file that everybody on this machine can read; "
            + $"chmod o-r {path}, or write {{ file: PATH }}, {{ env: NAME }} or {{ credential: NAME }}", warning);
    }

    [Theory]
    [InlineData("{ file: nowhere }", ".file: there is no file FOLDER/nowhere; write the secret into that file, readable by the service alone", 43)]
    [InlineData("{ file: . }", ".file: FOLDER is a folder; name a file", 43)]
    [InlineData("{ file: empty }", ".file: the file FOLDER/empty is empty; write the secret into that file, readable by the service alone", 43)]
    [InlineData("{ file: binary }", ".file: the file FOLDER/binary is not UTF-8 text; write the secret into that file, readable by the service alone", 43)]
    [InlineData("{ file: large }", ".file: FOLDER/large has more than 65536 bytes; is it the right file?", 43)]
    [InlineData("{ env: MISSING }", ".env: the environment variable 'MISSING' is not set; set it for the service", 42)]
    [InlineData("{ credential: mqtt }", ".credential: there are no credentials, CREDENTIALS_DIRECTORY is not set; start the service by systemd with LoadCredential=mqtt:PATH", 49)]
    [InlineData("{ credential: ../mqtt }", ".credential: '../mqtt' is a path; give the name that LoadCredential= has; use file for a path", 49)]
    [InlineData("{ fiel: x }", ": unknown key; did you mean 'file'?", 37)]
    [InlineData("{ file: a, env: b }", ": 2 sources of one secret; write { file: PATH }, { env: NAME } or { credential: NAME }", 35)]
    [InlineData("{}", ": 0 sources of one secret; write { file: PATH }, { env: NAME } or { credential: NAME }", 35)]
    [InlineData("[x]", ": found a list; write { file: PATH }, { env: NAME } or { credential: NAME }", 35)]
    [InlineData("''", ": is empty; write { file: PATH }, { env: NAME } or { credential: NAME }", 35)]
    public void What_keeps_a_secret_from_being_read_is_named(string written, string fault, int column)
    {
        File.WriteAllText(Path.Combine(_folder, "empty"), "\n");
        File.WriteAllBytes(Path.Combine(_folder, "binary"), [0xff, 0xfe, 0x00]);
        File.WriteAllBytes(Path.Combine(_folder, "large"), new byte[70_000]);
        string expected = $"{_folder}/edge.yaml:1:{column + 10}: mqtt.password{fault.Replace("FOLDER", _folder, StringComparison.Ordinal)}";
        Assert.Equal([expected], Password(written).Faults.Faults.Select(f => f.ToString()));
    }

    [Theory]
    [InlineData("password: CANARY")]
    [InlineData("password: '*CANARY'")]
    [InlineData("password: *CANARY")]
    [InlineData("password: &CANARY")]
    [InlineData("password: !CANARY")]
    [InlineData("password: !CANARY x")]
    [InlineData("password: {CANARY}")]
    [InlineData("password: {CANARY, CANARY}")]
    [InlineData("password: {file: [CANARY]}")]
    [InlineData("password: {CANARY: {CANARY: 1, CANARY: 2}}")]
    [InlineData("password: [CANARY]")]
    [InlineData("password: {{CANARY}}")]
    [InlineData("password: \"CANARY")]
    [InlineData("password: @CANARY")]
    [InlineData("password: `CANARY")]
    [InlineData("password: %CANARY")]
    [InlineData("password: CANARY: x")]
    [InlineData("password: \"\\CANARY\"")]
    [InlineData("passwrod: CANARY")]
    [InlineData("url: mqtt://u:CANARY@host")]
    [InlineData("url: mqtt://CANARY@host:99999")]
    [InlineData("url: http://u:CANARY@host")]
    [InlineData("url: mqtt:/u:CANARY@host")]
    [InlineData("url: u:CANARY@host")]
    [InlineData("url: 'mqtt://u:CANARY@'")]
    [InlineData("url: 'mqtt://u:p@CANARY@host'")]
    [InlineData("url: 'mqtt://u:p/CANARY@host'")]
    [InlineData("url: 'mqtt://host?password=CANARY'")]
    [InlineData("url: 'mqtt://host#CANARY@x'")]
    public void No_fault_and_no_print_shows_a_secret(string line)
    {
        string written = line.Replace("CANARY", Canary, StringComparison.Ordinal);
        string[] keys = ["mqtt:\n  url: mqtt://b\n  ", "pipelines:\n  belt:\n    source:\n      stream: http://camera\n      "];
        foreach (string start in keys)
        {
            string text = (start + written + "\n").Replace("url: mqtt://b\n  url:", "url:", StringComparison.Ordinal)
                .Replace("stream: http://camera\n      url:", "stream:", StringComparison.Ordinal);
            AssertHidden(ConfigurationText.Read(text));
        }

        int colon = written.IndexOf(':', StringComparison.Ordinal);
        AssertHidden(ConfigurationText.Read(ConfigurationText.Smallest, environment: ($"EDGEINFER__MQTT__{written[..colon].ToUpperInvariant()}", written[(colon + 2)..])));
    }

    [Fact]
    public void No_fault_shows_a_secret_whatever_stands_around_it()
    {
        string[] pieces = [":", ": ", "- ", "{", "}", "[", "]", "'", "\"", "#", " #", "*", "&", "!", "!!", "|", ">", "%", "@", "`", "?", "? ", ",", ", ", "\\", "a", "file: ", "env: ", "credential: ", "//", "\t"];
        Random random = new(5);
        for (int round = 0; round < 1000; round++)
        {
            string value = string.Concat(random.GetItems(pieces, random.Next(4))) + Canary + string.Concat(random.GetItems(pieces, random.Next(4)));
            AssertHidden(ConfigurationText.Read($"mqtt:\n  url: mqtt://b\n  password: {value}\n"), allowed: value);
            AssertHidden(ConfigurationText.Read(ConfigurationText.Smallest, environment: ("EDGEINFER__MQTT__PASSWORD", value)), allowed: value);
        }
    }

    [Fact]
    public void A_configuration_that_is_printed_shows_no_secret()
    {
        AgentConfiguration read = ConfigurationText.Good(ConfigurationText.Smallest
            .Replace("mqtt://broker.plant", $"mqtt://broker.plant, username: u, password: {Canary}", StringComparison.Ordinal)
            .Replace("{ camera: /dev/video0 }", $"{{ stream: 'http://camera/mjpg?user=a&pwd={Canary}', username: u, password: {Canary} }}", StringComparison.Ordinal));
        Assert.Equal(Canary, read.Mqtt.Password!.Reveal());
        Assert.Equal(Canary, ((StreamOptions)read.Pipelines[0].Source).Password!.Reveal());
        foreach (object part in (object[])[read, read.Mqtt, read.Pipelines[0], read.Pipelines[0].Source, read.Mqtt.Password])
            Assert.DoesNotContain(Canary, part.ToString(), StringComparison.Ordinal);
    }

    // Where a secret is said to stand, that name is no secret: { file: NAME }, { env: NAME } and { credential: NAME } are quoted.
    private static void AssertHidden((AgentConfiguration? Configuration, FaultList Faults) read, string allowed = "")
    {
        if (s_places.Any(place => allowed.Contains(place, StringComparison.Ordinal))) return;

        foreach (Fault fault in read.Faults.Faults.Concat(read.Faults.Warnings)) Assert.DoesNotContain(Canary, fault.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, read.Configuration?.ToString() ?? "", StringComparison.Ordinal);
    }

    private (AgentConfiguration? Configuration, FaultList Faults) Password(string written, params ReadOnlySpan<(string, string)> environment)
        => ConfigurationText.Read(ConfigurationText.Smallest.Replace("mqtt://broker.plant", $"mqtt://broker.plant, password: {written}", StringComparison.Ordinal),
            Path.Combine(_folder, "edge.yaml"), null, environment);

    private static IEnumerable<string> WarningsOf(string path)
    {
        FaultList faults = new();
        ConfigurationText.Reader().Read(path, faults);
        Assert.Empty(faults.Faults);
        return faults.Warnings.Select(w => w.ToString());
    }
}

using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Tests.Architecture;

namespace EdgeInfer.Tests.Configuration;

/// <summary>Whatever is done to the sample, reading it ends in a configuration or in faults of one line each: nothing is thrown.</summary>
public sealed class ConfigurationFuzzTests
{
    private const int Rounds = 1500;

    private static readonly string[] s_pieces =
    [
        ":", ": ", "- ", "\n", "\n  ", "{", "}", "[", "]", "'", "\"", "#", "*a", "&a", "!t", "|\n", ">\n", "\t", "\0", "\"\\0\"", "\"\\uD800\"", "~", "null", "---\n", "...\n",
        "%YAML", "\uFEFF", "é", "\U0001F600", "-1", "1e309", "NaN", "1/0", "99999999999999999999", "99999999999h", "0x0", "65500x65500", "mqtt://[::1", "mqtt://%00", "http://a:b@c",
        "{prefix}", "../../..", "/dev/null", "$SYS", "<<: ", "? ", "default", "password: ", "zones: ", "tls: { ca: x }", "durable", "EDGEINFER__",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_mutated_sample_is_read_or_refused(int seed)
    {
        Random random = new(seed);
        string sample = File.ReadAllText(Path.Combine(RepositoryFolder.Root, "docs", "quickstart.yaml"));
        int refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            string text = Mutated(sample, random);
            (AgentConfiguration? configuration, FaultList faults) = ConfigurationText.Read(text);
            Assert.True(faults.IsEmpty == configuration is not null, text);
            Assert.All(faults.Faults.Concat(faults.Warnings), fault => Assert.DoesNotContain(fault.ToString(), char.IsControl));
            if (!faults.IsEmpty) refused++;
        }

        Assert.InRange(refused, Rounds / 4, Rounds - 1);
    }

    [Fact]
    public void A_variable_of_any_name_and_value_is_laid_over_or_refused()
    {
        Random random = new(4);
        string[] levels = ["MQTT", "URL", "PIPELINES", "BELT", "SOURCE", "CAMERA", "DEVICE", "LABELS", "PASSWORD", "THRESHOLD", "", "X", "-", "é"];
        for (int round = 0; round < Rounds; round++)
        {
            string name = "EDGEINFER__" + string.Join("__", random.GetItems(levels, random.Next(1, 5)));
            (AgentConfiguration? configuration, FaultList faults) = ConfigurationText.Read(
                ConfigurationText.Smallest, environment: (name, string.Concat(random.GetItems(s_pieces, random.Next(4)))));
            Assert.True(faults.IsEmpty == configuration is not null, name);
        }
    }

    private static string Mutated(string sample, Random random)
    {
        string text = sample;
        for (int change = random.Next(1, 4); change > 0 && text.Length > 0; change--)
        {
            int at = random.Next(text.Length);
            int length = Math.Min(random.Next(1, 12), text.Length - at);
            text = random.Next(5) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, s_pieces[random.Next(s_pieces.Length)]),
                2 => text.Remove(at, length).Insert(at, s_pieces[random.Next(s_pieces.Length)]),
                3 => text.Insert(random.Next(text.Length), text.Substring(at, length)),
                _ => text[..at] + (char)random.Next(1, 0x250) + text[(at + 1)..],
            };
        }

        return text;
    }
}

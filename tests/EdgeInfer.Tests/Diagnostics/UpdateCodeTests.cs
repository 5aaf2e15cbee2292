using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Diagnostics;

public sealed class UpdateCodeTests
{
    // The list of the contract, which fleets match on.
    private const string Words =
        "expired rollback signature threshold agent-too-old unsuited space network digest size inspect contract golden metric latency memory crash hang trial-errors trial-latency revoked";

    [Fact]
    public void The_words_are_those_that_fleets_match_on()
        => Assert.Equal(Words.Split(' '), Enum.GetValues<UpdateCode>().Select(static c => c.Word()));

    [Fact]
    public void Each_word_leads_back_to_its_code()
    {
        Assert.All(Enum.GetValues<UpdateCode>(), static code => Assert.Equal(code, UpdateCodes.OfWord(code.Word())));
        Assert.Null(UpdateCodes.OfWord("Expired"));
    }
}

using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Tests.Trust.Documents;

/// <summary>Expected bytes are those of encode_canonical of Debian's python3-securesystemslib 0.26 for the same JSON, in hex.</summary>
public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData("""{"b":1,"a":[true,false,null,-7,"x"]}""", "7b2261223a5b747275652c66616c73652c6e756c6c2c2d372c2278225d2c2262223a317d")]
    [InlineData("""{ "n" : 9223372036854775807 , "m" : -9223372036854775808 }""", "7b226d223a2d393232333337323033363835343737353830382c226e223a393232333337323033363835343737353830377d")]
    public void Members_are_sorted_and_white_space_is_gone(string json, string expected) => Assert.Equal(expected, Canonical(json));

    [Fact]
    public void The_order_is_that_of_code_points_beyond_the_first_plane_too()
        => Assert.Equal(
            "7b22612062223a7b2200223a7b7d2c227a223a5b5d7d2c22efbda1223a322c22f09f9880223a317d",
            Canonical("""{"\ud83d\ude00":1,"\uff61":2,"a b":{"z":[],"\u0000":{}}}"""));

    [Fact]
    public void Only_quotes_and_backslashes_are_escaped()
        => Assert.Equal("7b2274657874223a22615c22625c5c630a091f7fc3a92f2f227d", Canonical("""{"text":"a\"b\\c\n\t\u001f\u007fé/\/"}"""));

    [Theory]
    [InlineData("""{"a":1.0}""")]
    [InlineData("""{"a":1e2}""")]
    [InlineData("""{"a":-0}""")]
    [InlineData("""{"a":9223372036854775808}""")]
    public void A_number_that_readers_could_take_differently_is_refused(string json) => Refused(json);

    [Theory]
    [InlineData("""{"a":1,"a":1}""")]
    [InlineData("""{"a":1,"\u0061":2}""")]
    [InlineData("""{"x":[{"b":{},"b":{}}]}""")]
    public void A_member_that_is_there_twice_is_refused_under_whatever_spelling(string json) => Refused(json);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("{}x")]
    [InlineData("{/* comment */}")]
    [InlineData("""{"a":1,}""")]
    [InlineData("\ufeff{}")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"\udc00":1}""")]
    [InlineData("{\"a\":\"line\nend\"}")]
    public void What_is_no_strict_JSON_is_refused(string json) => Refused(json);

    [Fact]
    public void Bytes_that_are_no_UTF8_are_refused()
        => Refusals.Throws(UpdateCode.Signature, () => CanonicalJson.Read(new byte[] { (byte)'{', (byte)'"', 0xff, (byte)'"', (byte)':', (byte)'1', (byte)'}' }, "x"));

    [Fact]
    public void Depth_has_a_bound_and_it_is_the_one_said()
    {
        static string Nested(int depth) => new string('[', depth) + new string(']', depth);
        Assert.Equal(CanonicalJson.MaxDepth * 4, Canonical(Nested(CanonicalJson.MaxDepth)).Length);
        Refused(Nested(CanonicalJson.MaxDepth + 1));
        Refused(Nested(500_000));
    }

    private static string Canonical(string json) => Convert.ToHexStringLower(CanonicalJson.Encode(CanonicalJson.Read(Encoding.UTF8.GetBytes(json), "x")));

    private static void Refused(string json) => Refusals.Throws(UpdateCode.Signature, () => CanonicalJson.Read(Encoding.UTF8.GetBytes(json), "x"));
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Tests.Trust.Documents;

/// <summary>
/// Ids and signatures are those of Debian's python3-securesystemslib 0.26 (encode_canonical, SHA-256) and python3-cryptography 38
/// over the canonical form of {"_type":"x","version":1}; the private keys are the first of RFC 8032 and 32 times 0x11 on P-256.
/// </summary>
public sealed class TrustKeyTests
{
    private const string Ed25519Public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    private const string Ed25519Text = """{"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"}}""";

    private const string EcdsaPem = """-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAhfmF/C2RDkoJ4+WmZ5pojpPLBUr\n321s32bluAKC1O0ZSn3ry5dxLS3aPKhaqHZaVvRfx1hZllLyiXxlMG5XlA==\n-----END PUBLIC KEY-----\n""";
    private const string EcdsaSignature = "3045022044ef24f05842c2bdd9e60646dc090051d29050aeb2a4524807d622c903bda351022100ed0c941f480a6786099085c3958f22d6e00d2d56b88d61ed36135532fec16ee8";

    private const string RsaPem = """-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwIWzXWdDtTryM5Nml3pQ\nN7A4pM3R8UOlNCH+nCbIHZF8L5ZgcUdtHyuGgxuasEmNGUX1tm/5eu+LJr9DF5di\nrIxyF1MSZ2F10oWVWh6BarDvHasnmLa/GkJqlraaD+hi3Iy88wHz+p4T/wafPwLX\nPkw4lBU/0KOO3Xlp5q7D9a6/9xExY3qUat4b47d4aAupoK0CbE7rRNz1EedcZdS0\nuQ3STOL7cO3GU0UhfpHYplm4KOVFopWco9k6u+/PQSrCrvQzFl+e47Qayjs9XLls\n3crDgVyeFadxeo+caFKwuW9JLTyjbS8OSNhdnfilMv0hAnRKboXtA/Vy4vYwDMum\n5QIDAQAB\n-----END PUBLIC KEY-----\n""";
    private const string RsaSignature = "a3e1cf2eca44dd2b5ba4e38d3ffb0d2c6f66131ee44e9a838db46c97fdc23fb811a0f073644a21c6fc45fbec3689c48143db1309bec68ca80c66236f3ccab2d75fcd27d90b4a3e6a993248ce1544bb398fafb97dcb2b69bb4d5bf4d6a65be5fbc96ee148607a69958b09cdfbb41ddf85700b4ac5ad9031571541b4071d9a678a725f2cb00e3980241ad5178bfb7fb80ee1af318f0299ba6c90c80d6748139285c895d2667dc0608a9e5b995f9707dc8bb1939791535ae1d238139b80fba68fd9f98b7794b3c6d744b7c18ba6907a85aeac3124042aee8fce1d8b8cc84d831c6bc4c84ff8d13dcf090e16875764dea5c5762e7726e1c6aaa0585f1aeccea04620";

    private const string SmallRsaPem = """-----BEGIN PUBLIC KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDJeG7v5u9cBu4zATJAkOmlKBqp\nOzy30c3rjOVkhxpAXh/b3G+AwZi350t0TYYh3BlPzPYqxWsBT5ke0oQ/XZEaJkq/\nxKAzheZFZd0IoDqLLaRAMkBZ9Gf022DXMBTrb3tA3TyUB7AXBDSTwRYYuqlQzPoP\ns3UJGKbGiEXFxRBf5wIDAQAB\n-----END PUBLIC KEY-----\n""";
    private const string OtherCurvePem = """-----BEGIN PUBLIC KEY-----\nMFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEL4veTRoHIJNVtKclClxRKOiLhL3cYZq3\ny6jVabJA7+TYrCImNuXj1tTbqd2mycQm94gnG6sNaEDcqH06pqxi1g==\n-----END PUBLIC KEY-----\n""";

    private static readonly byte[] s_message = Encoding.UTF8.GetBytes("""{"_type":"x","version":1}""");

    [Theory]
    [InlineData("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", Ed25519Public, "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82", "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    [InlineData("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42", "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f", "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704")]
    public void Ed25519_gives_the_keys_and_signatures_of_RFC_8032(string seed, string key, string message, string signature)
    {
        byte[] bytes = Convert.FromHexString(message);
        Assert.Equal(key, Convert.ToHexStringLower(Ed25519Signature.PublicKey(Convert.FromHexString(seed))));
        Assert.Equal(signature, Convert.ToHexStringLower(Ed25519Signature.Sign(Convert.FromHexString(seed), bytes)));
        Assert.True(Ed25519Signature.Verify(Convert.FromHexString(key), bytes, Convert.FromHexString(signature)));
        Assert.False(Ed25519Signature.Verify(Convert.FromHexString(key), [.. bytes, 0], Convert.FromHexString(signature)));
    }

    [Fact]
    public void An_Ed25519_signature_with_the_group_order_added_is_refused()
    {
        // S + L verifies in a reader that does not reduce it: the same message would have two signatures.
        byte[] key = Convert.FromHexString(Ed25519Public);
        byte[] signature = Convert.FromHexString("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
        System.Numerics.BigInteger order = System.Numerics.BigInteger.Pow(2, 252) + System.Numerics.BigInteger.Parse("27742317777372353535851937790883648493");
        System.Numerics.BigInteger s = new System.Numerics.BigInteger(signature.AsSpan(32), isUnsigned: true) + order;
        s.ToByteArray(isUnsigned: true).CopyTo(signature, 32);
        Assert.False(Ed25519Signature.Verify(key, [], signature));
    }

    [Theory]
    [InlineData(Ed25519Text, "74c181c7ad8a0855d4b55e44d2ba87aabdddb196832571f15f92fece332e4916")]
    [InlineData("""{"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"}, "x-owner": "@\u00e9", "keyid_hash_algorithms": ["sha256", "sha512"]}""", "1925c23bd1d74ef976995de258af065f05bf5ada9063a00e139fda34ee5ffb76")]
    [InlineData("""{"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": "KEY"}}""", "726a314232e1297d3b3e845410d47095e3dc4da2b43709d20edf032f1f16a692")]
    [InlineData("""{"keytype": "ecdsa-sha2-nistp256", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": "KEY"}}""", "51ae7c58855c1db705d9e5de7bfa659149c806454ee541567c289df805afb3de")]
    [InlineData("""{"keytype": "rsa", "scheme": "rsassa-pss-sha256", "keyval": {"public": "RSA"}}""", "29c4763b0cc679144fa3193eb39869e4af2c36062653582178c1e97c479c5393")]
    public void A_key_id_is_the_digest_of_the_whole_canonical_key_object(string json, string id) => Assert.Equal(id, Key(json).Id);

    [Theory]
    [InlineData(Ed25519Text, "1fe08e2e34a66e3b16e89000c0986e364aeba110585db5bb2b2065f7ac27290d2a342df09cc5c90443fb3628dc2cbccb3234a1c5818c169deeb7b452c0cf6908")]
    [InlineData("""{"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": "KEY"}}""", EcdsaSignature)]
    [InlineData("""{"keytype": "ecdsa-sha2-nistp256", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": "KEY"}}""", EcdsaSignature)]
    [InlineData("""{"keytype": "rsa", "scheme": "rsassa-pss-sha256", "keyval": {"public": "RSA"}}""", RsaSignature)]
    public void Signatures_that_python_cryptography_made_verify_and_fail_with_one_bit_changed(string json, string signature)
    {
        TrustKey key = Key(json);
        byte[] bytes = Convert.FromHexString(signature);
        Assert.True(key.Verifies(s_message, bytes));
        Assert.False(key.Verifies([.. s_message, (byte)' '], bytes));
        bytes[^1] ^= 1;
        Assert.False(key.Verifies(s_message, bytes));
        Assert.False(key.Verifies(s_message, []));
    }

    [Fact]
    public void An_ECDSA_signature_that_is_not_DER_does_not_verify()
    {
        using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        TrustKey key = TrustKey.Ecdsa(ecdsa);
        Assert.True(key.Verifies(s_message, new EcdsaSigner(ecdsa).Sign(s_message)));
        Assert.False(key.Verifies(s_message, ecdsa.SignData(s_message, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)));
    }

    [Theory]
    [InlineData("""{"keytype":"ed25519","scheme":"ed25519","keyval":{"public":"d75a"}}""")]
    [InlineData("""{"keytype":"ed25519","scheme":"ed25519","keyval":{"public":"zz"}}""")]
    [InlineData("""{"keytype":"ed25519","scheme":"ed25519","keyval":{}}""")]
    [InlineData("""{"keytype":"ed25519","scheme":"ed25519"}""")]
    [InlineData("""{"keytype":"ed25519","keyval":{"public":"d75a"}}""")]
    [InlineData("""{"keytype":"ecdsa","scheme":"ecdsa-sha2-nistp256","keyval":{"public":"04cbc5"}}""")]
    [InlineData("""{"keytype":"ecdsa","scheme":"ecdsa-sha2-nistp256","keyval":{"public":"CURVE"}}""")]
    [InlineData("""{"keytype":"ecdsa","scheme":"ecdsa-sha2-nistp256","keyval":{"public":"RSA"}}""")]
    [InlineData("""{"keytype":"rsa","scheme":"rsassa-pss-sha256","keyval":{"public":"SMALL"}}""")]
    [InlineData("[]")]
    public void What_is_no_key_of_its_scheme_is_refused(string json) => Refusals.Throws(UpdateCode.Signature, () => Key(json));

    [Fact]
    public void A_key_of_a_scheme_that_nobody_knows_is_read_and_never_verifies()
    {
        TrustKey key = Key("""{"keytype":"sphincs","scheme":"sphincs-shake-128s","keyval":{"public":"00"}}""");
        Assert.False(key.Verifies(s_message, new byte[64]));
        Assert.Equal("sphincs", key.Type);
    }

    [Fact]
    public void The_same_key_under_two_ids_has_one_identity()
    {
        TrustKey plain = Key(Ed25519Text);
        TrustKey marked = Key("""{"keytype":"ed25519","scheme":"ed25519","keyval":{"public":"D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A"},"note":1}""");
        Assert.NotEqual(plain.Id, marked.Id);
        Assert.Equal(plain.Identity, marked.Identity);
        Assert.Equal(
            Key("""{"keytype":"ecdsa","scheme":"ecdsa-sha2-nistp256","keyval":{"public":"KEY"}}""").Identity,
            Key("""{"keytype":"ecdsa-sha2-nistp256","scheme":"ecdsa-sha2-nistp256","keyval":{"public":"KEY"}}""").Identity);
    }

    private static TrustKey Key(string json) => TrustKey.Read(
        CanonicalJson.Read(Encoding.UTF8.GetBytes(json.Replace("KEY", EcdsaPem, StringComparison.Ordinal).Replace("RSA", RsaPem, StringComparison.Ordinal)
            .Replace("SMALL", SmallRsaPem, StringComparison.Ordinal).Replace("CURVE", OtherCurvePem, StringComparison.Ordinal)), "x"),
        "x");
}

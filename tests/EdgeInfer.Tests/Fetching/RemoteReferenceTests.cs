using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching;

namespace EdgeInfer.Tests.Fetching;

/// <summary>References to models elsewhere: what they mean, and what is said of those that mean nothing.</summary>
public sealed class RemoteReferenceTests
{
    private const string Hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Theory]
    [InlineData("hf:owner/repo/onnx/model.onnx@main", "owner/repo", "onnx/model.onnx", "main", "repo")]
    [InlineData("hf:owner/repo/small.onnx", "owner/repo", "small.onnx", "main", "small")]
    [InlineData("hf:owner/repo@v1.0", "owner/repo", "", "v1.0", "repo")]
    [InlineData("hf:owner/repo/belt/parts@6fd293d22b523ec88959f104b8eef5395e3adfbc", "owner/repo", "belt/parts", "6fd293d22b523ec88959f104b8eef5395e3adfbc", "parts")]
    [InlineData("hf:owner/repo/x.onnx@refs/pr/3", "owner/repo", "x.onnx", "refs/pr/3", "x")]
    public void A_Hugging_Face_reference_has_a_repository_a_path_and_a_revision(string text, string repository, string path, string revision, string name)
    {
        HuggingFaceReference reference = Assert.IsType<HuggingFaceReference>(RemoteReference.Parse(text));
        Assert.Equal((repository, path, revision, name), (reference.Repository, reference.Path, reference.Revision, reference.SuggestedName));
    }

    [Theory]
    [InlineData("oci://registry.example/models/belt:1.2", "https://registry.example/", "models/belt", "1.2", null)]
    [InlineData("oci://127.0.0.1:5000/belt", "http://127.0.0.1:5000/", "belt", "latest", null)]
    [InlineData("oci://localhost:5000/belt:x", "http://localhost:5000/", "belt", "x", null)]
    [InlineData("oci://docker.io/library/belt:1", "https://registry-1.docker.io/", "library/belt", "1", null)]
    [InlineData("oci://registry.example:8443/belt@sha256:" + Hex, "https://registry.example:8443/", "belt", null, Hex)]
    [InlineData("oci://registry.example/belt:1@sha256:" + Hex, "https://registry.example/", "belt", null, Hex)]
    public void An_OCI_reference_has_a_registry_a_repository_and_a_tag_or_digest(string text, string address, string repository, string? tag, string? digest)
    {
        OciReference reference = Assert.IsType<OciReference>(RemoteReference.Parse(text));
        Assert.Equal((address, repository, tag, digest), (reference.Address.AbsoluteUri, reference.Repository, reference.Tag, reference.Digest));
    }

    [Theory]
    [InlineData("best", "no reference")]
    [InlineData("ftp://host/net.onnx", "protocol")]
    [InlineData("http://host.example/net.onnx", "plain http")]
    [InlineData("https://host.example/net.zip", "archive")]
    [InlineData("https://github.com/a/b/blob/main/net.onnx", "page")]
    [InlineData("https://huggingface.co/a/b/blob/main/net.onnx", "page")]
    [InlineData("hf:repo", "owner and repository")]
    [InlineData("hf:owner/../x@main", "no part of a path")]
    [InlineData("hf:owner/repo/x.onnx@", "no revision")]
    [InlineData("hf:owner/repo/x.onnx@a..b", "no revision")]
    [InlineData("oci:registry/belt", "slashes")]
    [InlineData("oci://registry", "no repository")]
    [InlineData("oci://registry/Belt:1", "no repository")]
    [InlineData("oci://registry/belt:-1", "no tag")]
    [InlineData("oci://registry/belt@sha256:12", "no sha256")]
    [InlineData("oci://registry/belt@md5:12", "no sha256")]
    public void What_is_wrong_with_a_reference_is_said_with_the_form_that_is_right(string text, string what)
    {
        Fault fault = Assert.Throws<FaultException>(() => RemoteReference.Parse(text)).Fault;
        Assert.Equal(FaultKind.Usage, fault.Kind);
        Assert.Contains(what, fault.What, StringComparison.Ordinal);
        Assert.NotEmpty(fault.Cure);
    }

    [Theory]
    [InlineData("https://user:canary@host.example/net.onnx")]
    [InlineData("user:canary@host.example/net.onnx")]
    [InlineData("oci://user:canary@host.example/net:1")]
    public void A_password_in_a_reference_is_refused_unseen(string text)
        => Assert.DoesNotContain("canary", Assert.Throws<FaultException>(() => RemoteReference.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_signature_in_the_query_is_not_shown()
        => Assert.Equal("https://host.example/net.onnx", RemoteReference.Parse("https://host.example/net.onnx?sig=canary#x").Display);

    [Theory]
    [InlineData("model.onnx", true)]
    [InlineData("golden/belt 1.jpg", true)]
    [InlineData("../model.onnx", false)]
    [InlineData("/etc/passwd", false)]
    [InlineData("a/../../b", false)]
    [InlineData(".hidden", false)]
    [InlineData("a//b", false)]
    [InlineData("a\\b", false)]
    [InlineData("a\nb", false)]
    [InlineData("", false)]
    public void A_name_from_elsewhere_stays_below_the_folder(string name, bool isSafe) => Assert.Equal(isSafe, RemoteFile.IsSafe(name));

    [Fact]
    public void A_challenge_of_a_registry_is_read_with_commas_inside_quotes()
    {
        // As the distribution project's documentation of token authentication has it.
        OciChallenge challenge = OciChallenge.Read("realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:samalba/my-app:pull,push\"");
        Assert.Equal(new OciChallenge("https://auth.docker.io/token", "registry.docker.io", "repository:samalba/my-app:pull,push"), challenge);
        Assert.Equal(
            "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Asamalba%2Fmy-app%3Apull%2Cpush", challenge.TokenAddress("")!.AbsoluteUri);
    }
}

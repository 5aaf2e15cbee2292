using System.Text;
using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Slots;

namespace EdgeInfer.Tests.Slots;

/// <summary>Paths, digests and sizes of a release are sound before anything of it becomes a name on the disk.</summary>
public sealed class ReleasePlanTests
{
    private const string Digest = "2039ad4d2c9511f91337c2f1335a564efe0e8dafebd929c99e321e346b890845";

    // Hostile ones, each with what it tries.
    public static TheoryData<string> HostilePaths =>
    [
        "", "/", "/etc/passwd", "//model.onnx", ".", "..", "../model.onnx", "a/../../b", "a/..", "a/.", "./model.onnx", "a/./b", "a//b", "a/", "/a/",
        ".release/manifest", ".release", ".hidden", "a/.hidden", "...", "a/...", ".../b", "~/../x/..", "a\\b", "..\\..\\x", "C:\\x", "C:x", "a:b", "a\0b", "a\nb", "a\rb", "a\tb", "a\u001b[2Jb",
        "a\u007fb", "a\u0085b", "a\u202eb", "a\u200bb", "a\u2028b", "\ufeffa", "a*b", "a?b", "a\"b", "a'b", "a<b", "a>b", "a|b", "a;b", "a$b", "a`b", "a&b", "a%2e%2e", "a#b", "a{b", "a!b", "größe.txt", "部品/a.png", "\u0430.txt",
        "-rf", "a/-x", " a", "a ", "a/ b", "a.", "a/b.", "\ud800a", "a\udc00", "\ufffd", "a\u00a0b", "1/2/3/4/5/6/7/8/9",
    ];

    [Theory]
    [MemberData(nameof(HostilePaths))]
    public void A_path_that_leaves_hides_or_deceives_is_refused(string path)
    {
        UpdateException refused = Assert.Throws<UpdateException>(() => Plan([("model.onnx", Digest, 1), (path, Digest, 1)]));
        Assert.Equal(UpdateCode.Inspect, refused.Code);
        Assert.DoesNotContain(refused.Message, char.IsControl);
    }

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("golden/belt (2).jpg")]
    [InlineData("1/2/3/4/5/6/7/8")]
    [InlineData("_a-b+c@d=e,f.g~")]
    [InlineData("a..b")]
    public void A_name_that_people_give_is_taken(string path) => Assert.Null(ReleaseFileName.Problem(path));

    [Fact]
    public void What_is_packed_is_what_devices_take()
    {
        Assert.Equal((new ReleaseLimits().Files, new ReleaseLimits().Bytes), (ReleasePlan.FileLimit, new StoreLimits().ReleaseBytes));
        // Two of the largest at once.
        Assert.InRange(2 * new StoreLimits().ReleaseBytes, 1, new StoreLimits().StoreBytes);
        Assert.InRange(ReleasePlan.FileLimit * (64L + 1 + 19 + 1 + 255 + 1), 1, ReleasePlan.ListingLimit);
    }

    public static TheoryData<string> HostileDigests =>
    [
        "", "0", "sha256:" + Digest, Digest[1..], Digest + "0", Digest.ToUpperInvariant(), Digest[..63] + "g", Digest[..63] + "/", Digest[..63] + "\n", Digest[..63] + "\0", " " + Digest[1..],
        Digest[..62] + "..", "../../../../etc/passwd", new string('.', 64), "/" + Digest[1..], Digest[..32] + "/" + Digest[33..], Digest[..60] + ".new", new string('０', 64), new string('a', 10_000), "-" + Digest[1..],
    ];

    [Theory]
    [MemberData(nameof(HostileDigests))]
    public void What_is_no_digest_never_becomes_a_path(string digest)
    {
        Assert.Equal(UpdateCode.Digest, Assert.Throws<UpdateException>(() => Plan([("model.onnx", digest, 1)])).Code);
        StoreFolders folders = new("/state");
        foreach (Func<string, string> path in new[] { folders.Blob, folders.Part })
        {
            UpdateException refused = Assert.Throws<UpdateException>(() => path(digest));
            Assert.Equal(UpdateCode.Digest, refused.Code);
            Assert.InRange(refused.Message.Length, 1, 300);
            Assert.DoesNotContain(refused.Message, char.IsControl);
        }
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData(".pull")]
    [InlineData("a\nb")]
    public void What_is_no_name_of_a_model_never_becomes_a_path(string model)
    {
        StoreFolders folders = new("/state");
        foreach (Func<string, string> path in new[] { folders.Model, folders.Slots, folders.Generations, folders.Building, folders.Leaving, folders.Job, folders.RefusedOf })
            Assert.DoesNotContain(Assert.Throws<FaultException>(() => path(model)).Message, char.IsControl);
    }

    [Theory]
    [InlineData("model.onnx", "model.onnx")]
    [InlineData("model.onnx", "Model.onnx")]
    [InlineData("a/b", "A/B")]
    [InlineData("a/b", "A/c")]
    [InlineData("a", "a/b")]
    [InlineData("a/b", "A")]
    [InlineData("a/b/c", "a/b")]
    public void Two_files_in_each_others_place_are_refused_whatever_their_order(string one, string other)
    {
        Assert.Equal(UpdateCode.Inspect, Assert.Throws<UpdateException>(() => Plan([("model.onnx", Digest, 1), (one, Digest, 1), (other, Digest, 1)])).Code);
        Assert.Equal(UpdateCode.Inspect, Assert.Throws<UpdateException>(() => Plan([(other, Digest, 1), (one, Digest, 1), ("model.onnx", Digest, 1)])).Code);
    }

    [Fact]
    public void Sizes_are_bounded_one_by_one_and_together()
    {
        string other = Digest[1..] + "0";
        StoreLimits limits = new() { ReleaseBytes = 10 };
        Assert.Equal(10, Plan([("model.onnx", Digest, 4), ("b", other, 6)], limits).Bytes);
        foreach ((string, string, long)[] files in new[]
        {
            new[] { ("model.onnx", Digest, -1L) }, [("model.onnx", Digest, 11)], [("model.onnx", Digest, 5), ("b", other, 6)], [("model.onnx", Digest, long.MaxValue)], [("model.onnx", Digest, long.MinValue)],
            [("model.onnx", Digest, 4), ("b", Digest, 5)],
        })
            Assert.Equal(UpdateCode.Size, Assert.Throws<UpdateException>(() => Plan(files, limits)).Code);
        (string, string, long)[] huge = [("model.onnx", Digest, long.MaxValue), ("b", other, long.MaxValue)];
        Assert.Equal(UpdateCode.Size, Assert.Throws<UpdateException>(() => Plan(huge, new() { ReleaseBytes = long.MaxValue })).Code);
    }

    [Fact]
    public void There_are_at_most_2048_files_and_one_of_them_is_the_graph()
    {
        (string, string, long)[] files = [("model.onnx", Digest, 1), .. Enumerable.Range(0, 2047).Select(static i => ($"golden/{i}.jpg", Digest, 1L))];
        Assert.Equal(2048, Plan(files).Files.Count);
        Assert.Equal(UpdateCode.Size, Assert.Throws<UpdateException>(() => Plan([.. files, ("more", Digest, 1)])).Code);
        Assert.Equal(UpdateCode.Contract, Assert.Throws<UpdateException>(() => Plan([("other.onnx", Digest, 1)])).Code);
        Assert.Equal(UpdateCode.Contract, Assert.Throws<UpdateException>(() => Plan([])).Code);
    }

    [Fact]
    public void Its_listing_is_the_canonical_manifest_of_the_folder()
    {
        // Made with python3's hashlib from the same four files.
        const string Listing = """
            edgeinfer-manifest/1
            2cea274d0bedc39ec4ab6ba9e59ec889e3ed6fb56a1cf088a64d9b383378dc97 7 golden/belt.jpg
            e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 labels.txt
            2039ad4d2c9511f91337c2f1335a564efe0e8dafebd929c99e321e346b890845 7 model.onnx
            4547a948fcc4a4c7a0683f9c657a6731d0d00cd647c906cb6b959ae246dc78df 12 model.yaml

            """;
        ReleasePlan plan = Plan(
        [
            ("model.yaml", "4547a948fcc4a4c7a0683f9c657a6731d0d00cd647c906cb6b959ae246dc78df", 12), ("model.onnx", Digest, 7),
            ("labels.txt", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0), ("golden/belt.jpg", "2cea274d0bedc39ec4ab6ba9e59ec889e3ed6fb56a1cf088a64d9b383378dc97", 7),
        ]);
        Assert.Equal(Listing, Encoding.UTF8.GetString(plan.Listing));
        Assert.Equal("f8a5602b988671574b0e38e8ada69ff261f38d518459c2dba9c01e83cf468389", plan.Digest);
        Assert.Equal(plan.Files, ReleasePlan.Read(plan.Listing)!.Files);
    }

    [Theory]
    [InlineData("")]
    [InlineData("edgeinfer-manifest/1\n")]
    [InlineData("edgeinfer-manifest/2\n2039ad4d2c9511f91337c2f1335a564efe0e8dafebd929c99e321e346b890845 7 model.onnx\n")]
    [InlineData("edgeinfer-manifest/1\n2039ad4d2c9511f91337c2f1335a564efe0e8dafebd929c99e321e346b890845 7 model.onnx")]
    [InlineData("edgeinfer-manifest/1\n2039ad4d2c9511f91337c2f1335a564efe0e8dafebd929c99e321e346b890845 07 model.onnx\n")]
    [InlineData("edgeinfer-manifest/1\n2039ad4d2c9511f91337c2f1335a564efe0e8dafebd929c99e321e346b890845 -7 model.onnx\n")]
    [InlineData("edgeinfer-manifest/1\n2039ad4d2c9511f91337c2f1335a564efe0e8dafebd929c99e321e346b890845 7 ../model.onnx\n")]
    [InlineData("edgeinfer-manifest/1\n2039ad4d2c9511f91337c2f1335a564efe0e8dafebd929c99e321e346b890845 7 model.onnx\r\n")]
    [InlineData("edgeinfer-manifest/1\n2039ad4d2c9511f91337c2f1335a564efe0e8dafebd929c99e321e346b890845 7 model.onnx\n\n")]
    [InlineData("edgeinfer-manifest/1\n2039ad4d2c9511f91337c2f1335a564efe0e8dafebd929c99e321e346b890845 7 model.onnx\n2039ad4d2c9511f91337c2f1335a564efe0e8dafebd929c99e321e346b890845 7 a\n")]
    public void A_listing_that_this_program_would_not_write_is_none(string listing) => Assert.Null(ReleasePlan.Read(Encoding.UTF8.GetBytes(listing)));

    private static ReleasePlan Plan((string Path, string Sha256, long Bytes)[] files, StoreLimits? limits = null)
        => ReleasePlan.Of("models/parts/1", [.. files.Select(static f => new StoredFile(f.Path, f.Sha256, f.Bytes))], limits ?? new());
}

using System.Globalization;
using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Slots;

namespace EdgeInfer.Tests.Slots;

/// <summary>Nothing has a digest's name before its bytes were read back and found right.</summary>
[Collection(Alone.Name)]
public sealed class BlobStoreTests : IDisposable
{
    private static readonly byte[] s_bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 500).Select(static i => $"weight {i}\n")));

    private readonly StoreRig _rig = new();

    private static string Digest => BlobName.Of(s_bytes);

    private BlobStore Blobs => _rig.Store.Blobs;

    private string Part => _rig.Folders.Part(Digest);

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void A_file_that_came_whole_has_its_digests_name_alone_and_nobody_may_write_to_it()
    {
        Gather(s_bytes);
        Assert.Equal(BlobState.Whole, Blobs.Check(Digest, s_bytes.Length));
        Assert.True(Blobs.Has(Digest, s_bytes.Length));
        Assert.False(Blobs.Has(Digest, s_bytes.Length + 1));
        Assert.Equal([Digest], Blobs.List());
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(Blobs.PathOf(Digest)));
        Assert.Empty(Directory.GetFileSystemEntries(_rig.Folders.Staging));
    }

    [Fact]
    public void An_empty_file_is_a_file()
    {
        string digest = BlobName.Of([]);
        using (PartialBlob part = Blobs.OpenPartial(digest, 0)) part.Complete();
        Assert.Equal(BlobState.Whole, Blobs.Check(digest, 0));
    }

    [Fact]
    public void Other_bytes_of_the_right_length_are_refused_and_gone()
    {
        using (PartialBlob part = Blobs.OpenPartial(Digest, s_bytes.Length))
        {
            part.Append(new byte[s_bytes.Length]);
            Assert.Equal(UpdateCode.Digest, Assert.Throws<UpdateException>(part.Complete).Code);
        }

        Assert.Empty(Blobs.List());
        Assert.Empty(Directory.GetFileSystemEntries(_rig.Folders.Staging));
    }

    [Fact]
    public void Fewer_or_more_bytes_are_refused_before_they_are_read_or_written()
    {
        using PartialBlob part = Blobs.OpenPartial(Digest, s_bytes.Length);
        part.Append(s_bytes.AsSpan(1));
        Assert.Equal(UpdateCode.Size, Assert.Throws<UpdateException>(part.Complete).Code);
        Assert.Equal(UpdateCode.Size, Assert.Throws<UpdateException>(() => part.Append(s_bytes)).Code);
        Assert.Equal(s_bytes.Length - 1, part.Length);
        Assert.Equal(s_bytes.Length - 1, new FileInfo(Part).Length);
    }

    [Fact]
    public void The_next_attempt_goes_on_where_the_last_one_ended_and_knows_its_note()
    {
        using (PartialBlob part = Blobs.OpenPartial(Digest, s_bytes.Length))
        {
            part.Restart("\"etag-1\"");
            part.Append(s_bytes.AsSpan(0, 1000));
        }

        _rig.Restart();
        using (PartialBlob part = Blobs.OpenPartial(Digest, s_bytes.Length))
        {
            Assert.Equal((1000, "\"etag-1\""), (part.Length, part.Note));
            part.Append(s_bytes.AsSpan(1000));
            part.Complete();
        }

        Assert.Equal(BlobState.Whole, Blobs.Check(Digest, s_bytes.Length));
    }

    [Fact]
    public void Beginning_anew_forgets_bytes_and_note()
    {
        using (PartialBlob part = Blobs.OpenPartial(Digest, s_bytes.Length))
        {
            part.Restart("one");
            part.Append(new byte[500]);
            part.Checkpoint();
            part.Restart("two");
            part.Append(s_bytes.AsSpan(0, 10));
        }

        using PartialBlob next = Blobs.OpenPartial(Digest, s_bytes.Length);
        Assert.Equal((10, "two"), (next.Length, next.Note));
    }

    [Fact]
    public void Bytes_that_were_not_synced_are_not_gone_on_with()
    {
        using (PartialBlob part = Blobs.OpenPartial(Digest, s_bytes.Length))
        {
            part.Append(s_bytes.AsSpan(0, 700));
            part.Checkpoint();
        }

        // As a power cut leaves it: the length is there, the bytes are not.
        using (FileStream file = new(Part, FileMode.Append)) file.Write(new byte[400]);
        using PartialBlob next = Blobs.OpenPartial(Digest, s_bytes.Length);
        Assert.Equal(700, next.Length);
        Assert.Equal(700, new FileInfo(Part).Length);
    }

    [Theory]
    [InlineData("the file is shorter than noted")]
    [InlineData("the note is damaged")]
    [InlineData("the note is gone")]
    [InlineData("the note is of another size")]
    [InlineData("the file is gone")]
    public void Where_note_and_bytes_do_not_fit_it_begins_anew(string how)
    {
        using (PartialBlob part = Blobs.OpenPartial(Digest, s_bytes.Length))
        {
            part.Append(s_bytes.AsSpan(0, 700));
            part.Checkpoint();
        }

        string note = Part + ".json";
        if (how == "the file is shorter than noted") File.WriteAllBytes(Part, s_bytes[..600]);
        if (how == "the note is damaged") StoreRig.Damage(note);
        if (how == "the note is gone") File.Delete(note);
        if (how == "the note is of another size") CheckedFile.Write(note, Encoding.ASCII.GetBytes($"{{\"bytes\":{s_bytes.Length - 1},\"have\":700,\"note\":\"\"}}"));
        if (how == "the file is gone") File.Delete(Part);
        using (PartialBlob part = Blobs.OpenPartial(Digest, s_bytes.Length))
        {
            Assert.Equal(0, part.Length);
            part.Append(s_bytes);
            part.Complete();
        }

        Assert.Equal(BlobState.Whole, Blobs.Check(Digest, s_bytes.Length));
    }

    [Fact]
    public void A_part_that_is_a_second_name_of_a_finished_file_is_left_alone()
    {
        Gather(s_bytes);
        Assert.True(DurableLink.TryMake(Blobs.PathOf(Digest), Part));
        using (PartialBlob part = Blobs.OpenPartial(Digest, s_bytes.Length)) part.Restart("");
        Assert.Equal(BlobState.Whole, Blobs.Check(Digest, s_bytes.Length));
    }

    [Fact]
    public void A_link_is_never_followed()
    {
        string target = Path.Combine(_rig.Outside, "target");
        File.WriteAllBytes(target, s_bytes);
        Directory.CreateDirectory(_rig.Store.Folders.Staging);
        File.CreateSymbolicLink(Part, target);
        using (PartialBlob part = Blobs.OpenPartial(Digest, s_bytes.Length)) part.Append(new byte[10]);
        Assert.Equal(s_bytes, File.ReadAllBytes(target));
        File.CreateSymbolicLink(Blobs.PathOf(Digest), target);
        Assert.False(Blobs.Has(Digest, s_bytes.Length));
        Assert.Equal(BlobState.Damaged, Blobs.Check(Digest, s_bytes.Length));
        Assert.Single(Blobs.Lacking([new("model.onnx", Digest, s_bytes.Length)]));
        Assert.Equal(BlobState.Absent, Blobs.Check(Digest, s_bytes.Length));
        Assert.Equal(s_bytes, File.ReadAllBytes(target));
    }

    [Fact]
    public void A_damaged_file_goes_to_quarantine_and_can_be_fetched_again()
    {
        StoredFile file = new("model.onnx", Digest, s_bytes.Length);
        Gather(s_bytes);
        Assert.Empty(Blobs.Lacking([file, file with { Path = "copy" }]));
        for (int i = 0; i < 2; i++)
        {
            StoreRig.Damage(Blobs.PathOf(Digest));
            Assert.Equal([file], Blobs.Lacking([file, file with { Path = "copy" }]));
            Assert.Equal([Digest], Directory.GetFiles(_rig.Folders.Quarantine).Select(Path.GetFileName));
            Gather(s_bytes);
            Assert.Empty(Blobs.Lacking([file]));
        }
    }

    [Fact]
    public void What_lies_in_quarantine_is_bounded_and_the_oldest_makes_room()
    {
        byte[][] files = [.. Enumerable.Range(0, 4).Select(static i => new byte[1000 + i])];
        _rig.Limits = new() { QuarantineBytes = 2500 };
        foreach (byte[] file in files[..3])
        {
            Gather(file);
            Blobs.Quarantine(BlobName.Of(file));
            _rig.Time.Now += TimeSpan.FromHours(1);
        }

        Assert.Equal(files[1..3].Select(static f => BlobName.Of(f)).Order(), Directory.GetFiles(_rig.Folders.Quarantine).Select(static p => Path.GetFileName(p)!).Order());
        // It came long ago, and was set aside now: a week from then on it can be looked at.
        Assert.Equal(_rig.Time.Now.UtcDateTime - TimeSpan.FromHours(1), File.GetLastWriteTimeUtc(Path.Combine(_rig.Folders.Quarantine, BlobName.Of(files[2]))));
        byte[] large = new byte[3000];
        Gather(large);
        Blobs.Quarantine(BlobName.Of(large));
        Assert.Empty(Directory.GetFiles(_rig.Folders.Quarantine));
        Assert.Equal(BlobState.Absent, Blobs.Check(BlobName.Of(large), large.Length));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_folder_or_a_file_of_another_length_in_its_place_is_damage(bool isFolder)
    {
        if (isFolder) Directory.CreateDirectory(Path.Combine(Blobs.PathOf(Digest), "inner"));
        else File.WriteAllText(Blobs.PathOf(Digest), "x");
        Assert.Equal(BlobState.Damaged, Blobs.Check(Digest, s_bytes.Length));
        Assert.Single(Blobs.Lacking([new("model.onnx", Digest, s_bytes.Length)]));
        Gather(s_bytes);
        Assert.Equal(BlobState.Whole, Blobs.Check(Digest, s_bytes.Length));
    }

    [Fact]
    public void What_the_disk_has_no_room_for_is_refused_before_the_first_byte_with_both_numbers()
    {
        const long Petabyte = 1L << 50;
        _rig.Limits = new() { StoreBytes = long.MaxValue };
        UpdateException full = Assert.Throws<UpdateException>(() => Blobs.OpenPartial(Digest, Petabyte));
        Assert.Equal(UpdateCode.Space, full.Code);
        Assert.True(full.Code.IsPassing());
        Assert.Contains("1125899906842624 more bytes are needed and ", full.Message, StringComparison.Ordinal);
        Assert.Matches(@"and \d+ are free", full.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_rig.Folders.Staging));
    }

    [Fact]
    public void Room_for_all_of_a_file_is_taken_when_it_is_begun()
    {
        using PartialBlob part = Blobs.OpenPartial(Digest, 3 << 20);
        Assert.SkipWhen(StoreDisk.Allocated(Part) == 0, "this file system keeps no room");
        Assert.InRange(StoreDisk.Allocated(Part), 3 << 20, 4 << 20);
        Assert.Equal(0, new FileInfo(Part).Length);
    }

    [Fact]
    public void The_store_takes_no_more_than_it_may()
    {
        _rig.Limits = new() { StoreBytes = s_bytes.Length + 100 };
        Gather(s_bytes);
        string other = BlobName.Of("other"u8);
        UpdateException full = Assert.Throws<UpdateException>(() => Blobs.OpenPartial(other, 101));
        Assert.Equal(UpdateCode.Space, full.Code);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"may take {s_bytes.Length + 100} bytes: 101 more are needed and 100 are left of them"), full.Message, StringComparison.Ordinal);
        using (PartialBlob part = Blobs.OpenPartial(other, 100)) part.Append(new byte[60]);
        Assert.Equal(UpdateCode.Space, Assert.Throws<UpdateException>(() => Blobs.OpenPartial(BlobName.Of("third"u8), 41)).Code);
        using (PartialBlob part = Blobs.OpenPartial(other, 100)) Assert.Equal(60, part.Length);
    }

    [Fact]
    public void A_file_is_gathered_by_one_at_a_time()
    {
        using PartialBlob part = Blobs.OpenPartial(Digest, s_bytes.Length);
        Assert.Contains("being fetched already", Assert.Throws<FaultException>(() => Blobs.OpenPartial(Digest, s_bytes.Length)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_this_device_is_taken_in_if_it_is_the_one()
    {
        string source = Path.Combine(_rig.Outside, "weights");
        File.WriteAllBytes(source, s_bytes);
        Blobs.Import(Digest, s_bytes.Length, source);
        Assert.Equal(BlobState.Whole, Blobs.Check(Digest, s_bytes.Length));
        string other = BlobName.Of("other"u8);
        Assert.Equal(UpdateCode.Digest, Assert.Throws<UpdateException>(() => Blobs.Import(other, s_bytes.Length, source)).Code);
        Assert.Equal(UpdateCode.Size, Assert.Throws<UpdateException>(() => Blobs.Import(other, 5, source)).Code);
        Assert.Equal(UpdateCode.Size, Assert.Throws<UpdateException>(() => Blobs.Import(other, s_bytes.Length + 1, source)).Code);
        Assert.Equal(FaultKind.NoInput, Assert.Throws<FaultException>(() => Blobs.Import(other, 5, source + "-none")).Fault.Kind);
        Assert.Equal([Digest], Blobs.List());
        Assert.Equal(s_bytes, File.ReadAllBytes(source));
    }

    [Fact]
    public void A_large_file_is_synced_as_it_comes()
    {
        byte[] chunk = new byte[1 << 20];
        using PartialBlob part = Blobs.OpenPartial(Digest, 20 << 20);
        for (int i = 0; i < 9; i++) part.Append(chunk);
        Assert.Equal(1, _rig.Steps.Count(static s => s.StartsWith("sync staging/", StringComparison.Ordinal)));
    }

    private void Gather(byte[] bytes)
    {
        using PartialBlob part = Blobs.OpenPartial(BlobName.Of(bytes), bytes.Length);
        part.Append(bytes);
        part.Complete();
    }
}

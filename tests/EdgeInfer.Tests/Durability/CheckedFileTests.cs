using System.Text;
using EdgeInfer.Durability;
using EdgeInfer.Durability.Interop;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Tests.Durability;

/// <summary>A small file tells its own damage, and its copy stands in for it.</summary>
public sealed class CheckedFileTests : IDisposable
{
    // python3: hashlib.sha256(b'{"a":1}').hexdigest()
    private const string Whole = "{\"sha256\":\"015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862\",\"content\":{\"a\":1}}\n";

    private readonly string _outer = Directory.CreateTempSubdirectory("edgeinfer-checked-").FullName;

    private string At => Path.Combine(_outer, "file.json");

    public void Dispose() => Directory.Delete(_outer, recursive: true);

    [Fact]
    public void It_is_JSON_with_the_digest_of_its_content()
    {
        CheckedFile.Write(At, "{\"a\":1}"u8);
        Assert.Equal(Whole, File.ReadAllText(At));
        Assert.Equal("{\"a\":1}", Encoding.UTF8.GetString(CheckedFile.Read(At, 100, out string? damage)!));
        Assert.Null(damage);
        Assert.Equal(["file.json"], Directory.GetFiles(_outer).Select(Path.GetFileName));
    }

    [Fact]
    public void Any_byte_that_is_another_is_told()
    {
        for (int i = 0; i < Whole.Length; i++)
        {
            byte[] bytes = Encoding.ASCII.GetBytes(Whole);
            bytes[i] ^= 1;
            File.WriteAllBytes(At, bytes);
            Assert.Null(CheckedFile.Read(At, 100, out string? damage));
            Assert.Equal("its checksum does not fit", damage);
        }
    }

    [Fact]
    public void Any_length_but_its_own_is_told()
    {
        for (int i = 0; i <= Whole.Length + 2; i++)
        {
            File.WriteAllBytes(At, Encoding.ASCII.GetBytes((Whole + "\n\n")[..i]));
            if (i == Whole.Length) Assert.NotNull(CheckedFile.Read(At, 100, out _));
            else Assert.Null(CheckedFile.Read(At, 100, out _));
        }

        File.WriteAllText(At, new string('x', 1000));
        Assert.Null(CheckedFile.Read(At, 100, out string? damage));
        Assert.StartsWith("it has more than ", damage, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_there_is_none_there_is_no_damage()
    {
        Assert.Null(CheckedFile.ReadWithCopy(At, 100, out string? damage));
        Assert.Null(damage);
    }

    [Theory]
    [InlineData(null, "it is gone")]
    [InlineData("", "it is empty")]
    [InlineData("garbage", "its checksum does not fit")]
    public void The_copy_stands_in_for_a_file_that_is_damaged_or_gone(string? file, string why)
    {
        CheckedFile.Write(CheckedFile.CopyOf(At), "{\"a\":2}"u8);
        if (file is not null) File.WriteAllText(At, file);
        Assert.Equal("{\"a\":2}", Encoding.UTF8.GetString(CheckedFile.ReadWithCopy(At, 100, out string? damage)!));
        Assert.Equal(why, damage);
    }

    [Theory]
    [InlineData(null, "", "it is gone, and of its copy it is empty")]
    [InlineData("x", "y", "its checksum does not fit, and of its copy its checksum does not fit")]
    [InlineData("x", null, "its checksum does not fit")]
    public void Where_neither_is_whole_both_are_told(string? file, string? copy, string why)
    {
        if (file is not null) File.WriteAllText(At, file);
        if (copy is not null) File.WriteAllText(CheckedFile.CopyOf(At), copy);
        Assert.Null(CheckedFile.ReadWithCopy(At, 100, out string? damage));
        Assert.Equal(why, damage);
    }

    [Fact]
    public void A_whole_file_is_read_whatever_its_copy_is()
    {
        CheckedFile.Write(At, "{\"a\":1}"u8);
        File.WriteAllText(CheckedFile.CopyOf(At), "x");
        Assert.NotNull(CheckedFile.ReadWithCopy(At, 100, out string? damage));
        Assert.Null(damage);
    }

    [Fact]
    public void A_link_is_not_followed_and_a_pipe_not_waited_for()
    {
        string target = Path.Combine(_outer, "target");
        File.WriteAllText(target, Whole);
        File.CreateSymbolicLink(At, target);
        Assert.Null(CheckedFile.Read(At, 100, out string? damage));
        Assert.Equal("it is a link, and no plain file", damage);
        Assert.Throws<IOException>(() => PosixFile.OpenWrite(At));
        Assert.Equal(Whole, File.ReadAllText(target));
    }

    [Fact]
    public void A_second_name_is_the_same_file_and_one_that_is_taken_is_an_error()
    {
        string one = Path.Combine(_outer, "one"), two = Path.Combine(_outer, "two");
        File.WriteAllText(one, "x");
        Assert.True(DurableLink.TryMake(one, two));
        File.AppendAllText(one, "y");
        Assert.Equal("xy", File.ReadAllText(two));
        Assert.EndsWith("failed: File exists", Assert.Throws<IOException>(() => DurableLink.TryMake(one, two)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_system_of_its_own_gives_no_second_name_to_a_file_of_another()
    {
        string? folder = ((string[])["/dev/shm", "/var/tmp"]).FirstOrDefault(f => Directory.Exists(f) && MountOf(f) != MountOf(_outer));
        Assert.SkipWhen(folder is null, "there is no second file system here");
        string far = Path.Combine(folder, Path.GetFileName(_outer));
        File.WriteAllText(At, "x");
        try
        {
            Assert.False(DurableLink.TryMake(At, far));
            Assert.False(File.Exists(far));
        }
        finally
        {
            File.Delete(far);
        }
    }

    [Fact]
    public void Room_is_kept_for_a_file_whose_length_stays_and_what_there_is_not_is_refused()
    {
        using SafeFileHandle file = PosixFile.OpenWrite(At);
        int error = PosixFile.TryReserve(file, 1 << 20);
        Assert.SkipWhen(error == PosixFile.NotSupported, "this file system keeps no room");
        Assert.Equal(0, error);
        Assert.Equal(0, RandomAccess.GetLength(file));
        Assert.Contains(PosixFile.TryReserve(file, 1L << 50), new[] { PosixFile.NoSpace, 27 });
    }

    [Fact]
    public void One_lock_keeps_the_other_out()
    {
        using SafeFileHandle one = PosixFile.OpenWrite(At), two = PosixFile.OpenWrite(At);
        Assert.Equal(0, PosixFile.TryLock(one));
        Assert.Equal(PosixFile.WouldBlock, PosixFile.TryLock(two));
        one.Dispose();
        Assert.Equal(0, PosixFile.TryLock(two));
    }

    [Fact]
    public void Something_moves_to_another_folder_whole_and_folders_have_the_rights_asked_for()
    {
        string from = Path.Combine(_outer, "from"), to = Path.Combine(_outer, "a", "to");
        DurableFolder.Make(Path.Combine(_outer, "a"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(_outer, "a")));
        Directory.CreateDirectory(from);
        File.WriteAllText(Path.Combine(from, "x"), "x");
        DurableMove.Between(from, to);
        Assert.Equal("x", File.ReadAllText(Path.Combine(to, "x")));
        Assert.False(Directory.Exists(from));
    }

    // The place of the file system that a path lies in.
    private static string MountOf(string path)
        => DriveInfo.GetDrives().Select(static d => d.Name).Where(m => m == "/" || path == m || path.StartsWith(m + "/", StringComparison.Ordinal)).MaxBy(static m => m.Length)!;
}

using EdgeInfer.Durability;

namespace EdgeInfer.Tests.Durability;

public sealed class BootCounterTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-boot-");

    [Fact]
    public void Starts_are_counted_from_one_in_a_folder_made_for_it()
    {
        string state = Path.Combine(_folder.FullName, "state");
        Assert.Equal(1, BootCounter.Next(state, Nothing));
        Assert.Equal(2, BootCounter.Next(state, Nothing));
        Assert.Equal(3, BootCounter.Next(state, Nothing));
        Assert.Equal(["boot"], Directory.GetFiles(state).Select(Path.GetFileName));
    }

    [Fact]
    public void A_file_that_is_gone_or_holds_no_number_is_made_up_for_by_what_else_remembers_starts()
    {
        string path = Path.Combine(_folder.FullName, "boot");
        Assert.Equal(8, BootCounter.Next(_folder.FullName, static () => 7));
        Assert.Equal(9, BootCounter.Next(_folder.FullName, static () => 7));
        File.WriteAllText(path, "");
        Assert.Equal(8, BootCounter.Next(_folder.FullName, static () => 7));
        File.WriteAllText(path, "");
        Assert.Equal(1, BootCounter.Next(_folder.FullName, Nothing));
        File.Delete(path);
        Fifo.Make(path);
        Assert.Equal(8, BootCounter.Next(_folder.FullName, static () => 7));
    }

    [Fact]
    public void A_file_in_place_of_the_folder_is_an_IO_error()
    {
        string path = Path.Combine(_folder.FullName, "file");
        File.WriteAllText(path, "x");
        Assert.Throws<IOException>(() => BootCounter.Next(path, Nothing));
    }

    private static long Nothing() => 0;

    public void Dispose() => _folder.Delete(true);
}

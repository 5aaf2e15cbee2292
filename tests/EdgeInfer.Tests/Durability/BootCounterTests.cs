using EdgeInfer.Durability;

namespace EdgeInfer.Tests.Durability;

public sealed class BootCounterTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-boot-");

    [Fact]
    public void Starts_are_counted_from_one_in_a_folder_made_for_it()
    {
        string state = Path.Combine(_folder.FullName, "state");
        Assert.Equal(1, BootCounter.Next(state));
        Assert.Equal(2, BootCounter.Next(state));
        Assert.Equal(3, BootCounter.Next(state));
        Assert.Equal(["boot"], Directory.GetFiles(state).Select(Path.GetFileName));
    }

    [Fact]
    public void A_file_without_a_number_starts_anew()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "boot"), "");
        Assert.Equal(1, BootCounter.Next(_folder.FullName));
    }

    [Fact]
    public void A_file_in_place_of_the_folder_is_an_IO_error()
    {
        string path = Path.Combine(_folder.FullName, "file");
        File.WriteAllText(path, "x");
        Assert.Throws<IOException>(() => BootCounter.Next(path));
    }

    public void Dispose() => _folder.Delete(true);
}

using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Tests.Sources.Camera;

public sealed class DeviceHoldersTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-holders-");

    [Fact]
    public void The_process_that_has_the_device_open_is_named_through_a_link_to_it()
    {
        string device = File("video0");
        string link = Path.Combine(_folder.FullName, "by-id");
        System.IO.File.CreateSymbolicLink(link, device);
        Process(300, "editor", File("other"));
        Process(301, "ffmpeg", File("other"), device);
        Assert.Equal(new DeviceHolder(301, "ffmpeg"), DeviceHolders.Find(link, -1, Processes));
    }

    [Fact]
    public void Nobody_is_named_where_nobody_has_it_open()
    {
        Process(300, "editor", File("other"));
        Assert.Null(DeviceHolders.Find(File("video0"), -1, Processes));
    }

    [Fact]
    public void This_programs_own_descriptor_does_not_count_but_a_second_one_does()
    {
        string device = File("video0");
        Process(Environment.ProcessId, "edgeinfer", device);
        Assert.Null(DeviceHolders.Find(device, 0, Processes));
        Process(Environment.ProcessId, "edgeinfer", device, device);
        Assert.Equal(Environment.ProcessId, DeviceHolders.Find(device, 0, Processes)?.Id);
    }

    [Fact]
    public void A_machine_without_proc_names_nobody() => Assert.Null(DeviceHolders.Find(File("video0"), -1, Path.Combine(_folder.FullName, "absent")));

    public void Dispose() => _folder.Delete(recursive: true);

    private string Processes => Path.Combine(_folder.FullName, "proc");

    private string File(string name)
    {
        string path = Path.Combine(_folder.FullName, name);
        System.IO.File.WriteAllText(path, "");
        return path;
    }

    private void Process(int id, string command, params string[] open)
    {
        string descriptors = Directory.CreateDirectory(Path.Combine(Processes, $"{id}", "fd")).FullName;
        System.IO.File.WriteAllText(Path.Combine(Processes, $"{id}", "comm"), command + "\n");
        for (int i = 0; i < open.Length; i++)
        {
            System.IO.File.Delete(Path.Combine(descriptors, $"{i}"));
            System.IO.File.CreateSymbolicLink(Path.Combine(descriptors, $"{i}"), open[i]);
        }
    }
}

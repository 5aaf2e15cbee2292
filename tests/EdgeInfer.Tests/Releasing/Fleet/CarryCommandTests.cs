using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing.Fleet;

namespace EdgeInfer.Tests.Releasing.Fleet;

/// <summary>What copies the repository to where devices find it.</summary>
public sealed class CarryCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-carry-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void It_is_read_as_a_shell_reads_it_and_waited_for()
    {
        new CarryCommand($"echo copied | tr c C > '{_folder}/out'", TimeProvider.System).Run(TestContext.Current.CancellationToken);
        Assert.Equal("Copied\n", File.ReadAllText(Path.Combine(_folder, "out")));
    }

    [Fact]
    public void One_whose_output_goes_elsewhere_is_waited_for_too()
    {
        new CarryCommand($"exec > '{_folder}/log' 2>&1; while [ ! -e '{_folder}/go' ]; do touch '{_folder}/go'; sleep 0.2; done; echo copied", TimeProvider.System).Run(TestContext.Current.CancellationToken);
        Assert.Equal("copied\n", File.ReadAllText(Path.Combine(_folder, "log")));
    }

    [Fact]
    public void One_that_fails_is_said_with_its_last_words()
    {
        Fault fault = Assert.Throws<FaultException>(() => new CarryCommand("echo first >&2; echo no route to host >&2; exit 3", TimeProvider.System).Run(TestContext.Current.CancellationToken)).Fault;
        Assert.Equal(
            "--then 'echo first >&2; echo no route to host >&2; exit 3': it failed: no route to host; what is signed stays; the same call copies it again and goes on", fault.ToString());
        Assert.Equal(FaultKind.Unavailable, fault.Kind);
    }
}

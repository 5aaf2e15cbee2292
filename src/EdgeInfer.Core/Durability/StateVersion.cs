using System.Globalization;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Durability;

/// <summary>
/// The version of everything in the state folder, in one small file of it: an older program must not touch what a newer one wrote.
/// The packages' preinst reads the same file, so that a downgrade is refused while the newer program still runs.
/// </summary>
public static class StateVersion
{
    /// <summary>What this program writes. Raised by a change that an older program would misread or set aside: the outbox's tables, settings, slots.</summary>
    /// <remarks>packaging/release.sh reads this line.</remarks>
    public const int Current = 3;

    /// <summary>Its name in the state folder.</summary>
    public const string FileName = "version";

    /// <summary>Refuses the state of a newer program; notes the version of this one where an older or none is noted.</summary>
    /// <param name="stateFolder">Made where it is missing.</param>
    /// <returns>Null; else why the version could not be read or noted, which is no reason not to serve.</returns>
    /// <exception cref="FaultException">A newer program wrote this state.</exception>
    public static Fault? Claim(string stateFolder)
    {
        string path = Path.Combine(stateFolder, FileName);
        try
        {
            DurableFolder.Make(stateFolder);
            // A file that holds no number is damage; what it stood for is still this program's or an older one's, as far as anybody knows.
            long? noted = NumberFile.Read(path);
            if (noted > Current)
            {
                throw FaultException.Of(
                    FaultKind.Configuration, path,
                    string.Create(CultureInfo.InvariantCulture, $"a newer EdgeInfer wrote this state (version {noted}, this program knows {Current})"),
                    "install the newer EdgeInfer again, or move the state folder away: results that wait in it are then not delivered");
            }

            if (noted < Current || noted is null) NumberFile.Write(path, Current);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new(FaultKind.InputOutput, path, $"the version of the state was not noted: {e.Message}", "check the state folder's owner and the disk");
        }
    }
}

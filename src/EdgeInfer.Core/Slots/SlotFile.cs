using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Models;

namespace EdgeInfer.Slots;

/// <summary>
/// <c>slots.json</c>, the only commit point of a managed model. It is written atomically, so that damage is the disk's: the copy, at most one
/// write older, takes its place then. That state is whole too, since the collection keeps what the copy names as well.
/// With no whole copy the file stays and the model does not serve: to guess what is active could serve what was never committed.
/// </summary>
internal sealed class SlotFile
{
    private readonly StoreDisk _disk;
    private readonly Action<Fault> _warn;
    private readonly string _path;

    private SlotFile(string path, StoreDisk disk, ModelSlots slots, Action<Fault> warn)
    {
        _path = path;
        _disk = disk;
        _warn = warn;
        Slots = slots;
    }

    /// <summary>What was read, or written last.</summary>
    public ModelSlots Slots { get; private set; }

    /// <summary>Writes the next state; it is the state from then on, whatever happens.</summary>
    /// <exception cref="UpdateException">Space: the state is as it was.</exception>
    /// <exception cref="FaultException">The state is as it was, or the next one may not last: nothing may be done that counts on it. To write it again is right.</exception>
    public void Write(ModelSlots next)
    {
        if (next.WhyNot(Slots.Model) is { } why) throw FaultException.Of(FaultKind.Internal, _path, $"the next state is none: {why}", "report this");
        Replace(next);
        Slots = next;
    }

    /// <summary>Reads a model's state; changes nothing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model.</param>
    /// <param name="damage">What is wrong with the file, where the state is the copy's; null otherwise.</param>
    /// <returns>Null where the model is not managed.</returns>
    /// <exception cref="FaultException">The file is damaged and has no whole copy, or cannot be read.</exception>
    public static ModelSlots? Read(string path, string model, out string? damage)
    {
        string? found = null;
        byte[]? content = StoreFaults.Guard(path, () => CheckedFile.ReadWithCopy(path, ManagedModel.SlotsBytes, out found));
        damage = found;
        if (content is null) return found is null ? null : throw ManagedModel.Damaged(path, found);
        try
        {
            ModelSlots slots = JsonSerializer.Deserialize(content, SlotJson.Default.ModelSlots) ?? throw new JsonException("it is null");
            return slots.WhyNot(model) is { } why ? throw ManagedModel.Damaged(path, why) : slots;
        }
        catch (JsonException e)
        {
            throw ManagedModel.Damaged(path, $"it is no such file: {e.Message}", e);
        }
    }

    /// <summary>
    /// Opens a model's state, puts the copy in the place of a damaged file, which is set aside, and brings a copy up to date that a power cut
    /// or a full disk has left behind.
    /// </summary>
    /// <returns>Null where the model is not managed.</returns>
    internal static SlotFile? Open(string path, string model, StoreDisk disk, Action<Fault> warn)
    {
        if (Read(path, model, out string? damage) is not { } slots) return null;
        SlotFile file = new(path, disk, slots, warn);
        if (damage is null)
        {
            if (CopyOf(path, model) != slots) file.WriteCopy(Bytes(slots));
            return file;
        }

        string aside = StoreDisk.IsThere(path) ? $"; {DurableMove.SetAside(path)}" : "";
        warn(new(FaultKind.InputOutput, path, $"the state of this managed model is damaged: {damage}", $"its copy, which may be one step older, is used{aside}; check the disk"));
        try
        {
            file.Replace(slots);
        }
        catch (FaultException e) when (StoreFaults.IsOfTheDisk(e))
        {
            // The copy's word holds; the next state that is written is the next try.
            warn(e.Fault);
        }

        return file;
    }

    /// <summary>Makes a model managed, with nothing active.</summary>
    internal static SlotFile Create(string path, string model, StoreDisk disk, Action<Fault> warn)
    {
        StoreFaults.Guard(path, () => disk.MakeFolder(Path.GetDirectoryName(path)!));
        SlotFile file = new(path, disk, new() { Model = model }, warn);
        file.Replace(file.Slots);
        return file;
    }

    /// <summary>What the copy says; null where it is damaged or gone.</summary>
    internal static ModelSlots? CopyOf(string path, string model)
    {
        try
        {
            byte[]? content = StoreFaults.Guard(path, () => CheckedFile.Read(CheckedFile.CopyOf(path), ManagedModel.SlotsBytes, out _));
            return content is not null && JsonSerializer.Deserialize(content, SlotJson.Default.ModelSlots) is { } slots && slots.WhyNot(model) is null ? slots : null;
        }
        catch (Exception e) when (e is JsonException or FaultException)
        {
            return null;
        }
    }

    private static byte[] Bytes(ModelSlots slots) => JsonSerializer.SerializeToUtf8Bytes(slots, SlotJson.Default.ModelSlots);

    private void Replace(ModelSlots next)
    {
        byte[] content = Bytes(next);
        StoreFaults.Guard(_path, () => _disk.WriteChecked(_path, content));
        WriteCopy(content);
    }

    private void WriteCopy(byte[] content)
    {
        try
        {
            StoreFaults.Guard(_path, () => _disk.WriteChecked(CheckedFile.CopyOf(_path), content));
        }
        catch (FaultException e)
        {
            // The state is written; only its spare is older than it should be.
            _warn(e.Fault);
        }
    }
}

using System.CommandLine;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Commands;

/// <summary><c>edgeinfer model …</c>: the device's models and what is known about them.</summary>
internal static class ModelCommand
{
    /// <summary>Builds the verb.</summary>
    public static Command Create() => new("model", "The models of this device, and what is known about a model.") { List(), Show(), Inspect(), Add(), PullCommand.Create(ModelsDir()), Activate(), RollBack() };

    /// <summary>Where models that were added live, for every verb that takes a model by its name.</summary>
    public static Option<string> ModelsDir() => new("--models-dir")
    {
        Description = "Folder of installed models.",
        HelpName = "DIR",
        DefaultValueFactory = _ => ModelLocator.DefaultStore,
    };

    private static Option<bool> Json() => new("--json") { Description = "Print JSON." };

    private static Command Activate() => UpdateCommand.OfModel(
        "activate", "A generation of a managed model that is on this device serves, and stays until 'edgeinfer update resume'. Example: edgeinfer model activate parts 11", "model_activate", takesSeq: true, needsSeq: true);

    private static Command RollBack() => UpdateCommand.OfModel(
        "rollback", "A managed model goes back to what served before; what is left is not taken again by itself. Example: edgeinfer model rollback parts", "model_rollback");

    private static Command List()
    {
        Option<string> modelsDir = ModelsDir();
        Option<bool> json = Json();
        Command command = new("list", "Lists the installed and bundled models. Example: edgeinfer model list") { json, modelsDir };
        command.SetAction(parsed =>
        {
            ModelInspection[] models = [.. ModelLocator.Default(parsed.GetValue(modelsDir)!).List().Select(m => ModelLoader.Inspect(m.Path))];
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json)) ModelJson.WriteList(output, models);
            else ModelTable.WriteList(output, models);
            return CommandLine.Success;
        });
        return command;
    }

    private static Command Show()
    {
        Argument<string> name = new("NAME") { Description = "Name or path of a model." };
        Option<string> modelsDir = ModelsDir();
        Option<bool> json = Json();
        Command command = new("show", "Shows what a model does and what it was read from. Example: edgeinfer model show parts-detector") { name, json, modelsDir };
        command.SetAction(parsed =>
        {
            Model model = ModelLoader.Load(ModelLocator.Default(parsed.GetValue(modelsDir)!).Find(parsed.GetValue(name)!));
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json)) ModelJson.WriteModel(output, model);
            else ModelTable.WriteModel(output, model);
            return CommandLine.Success;
        });
        return command;
    }

    private static Command Inspect()
    {
        Argument<string> path = new("PATH") { Description = "A folder, an .onnx file, or the name of an installed model." };
        Option<string?> write = new("--write") { Description = "Write model.onnx and model.yaml into this folder.", HelpName = "DIR" };
        Option<string> modelsDir = ModelsDir();
        Option<bool> json = Json();
        Command command = new(
            "inspect",
            "Prints each value of a model's contract with where it comes from, and what is missing. Example: edgeinfer model inspect best.onnx --write models/best")
        { path, write, json, modelsDir };
        command.SetAction(parsed =>
        {
            ModelInspection inspection = ModelLoader.Inspect(ModelLocator.Default(parsed.GetValue(modelsDir)!).Find(parsed.GetValue(path)!));
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json)) ModelJson.WriteInspection(output, inspection);
            else ModelTable.WriteInspection(output, inspection);
            if (inspection.Faults.Count > 0) throw new FaultException(inspection.Faults);
            if (parsed.GetValue(write) is { } folder)
            {
                ModelDraft.Write(inspection, folder);
                parsed.InvocationConfiguration.Error.WriteLine(inspection.Missing.Count == 0
                    ? $"edgeinfer: wrote {folder}"
                    : $"edgeinfer: wrote {folder}; choose a value at each '# choose' in {Path.Combine(folder, "model.yaml")}");
            }

            return inspection.Missing.Count == 0 ? CommandLine.Success : (int)FaultKind.Data;
        });
        return command;
    }

    private static Command Add()
    {
        Argument<string> path = new("PATH") { Description = "A folder or an .onnx file." };
        Option<string?> name = new("--name") { Description = "Its name here; default: the model's own.", HelpName = "NAME" };
        Option<string> modelsDir = ModelsDir();
        Command command = new("add", "Checks a model and copies it to this device's models. Example: sudo edgeinfer model add models/best --name parts") { path, name, modelsDir };
        command.SetAction(parsed =>
        {
            InstalledModel installed = new ModelStore(parsed.GetValue(modelsDir)!).Add(parsed.GetValue(path)!, parsed.GetValue(name));
            parsed.InvocationConfiguration.Output.WriteLine($"{installed.Name}  {installed.Path}");
            return CommandLine.Success;
        });
        return command;
    }
}

using System.Text;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Commands.Release;

/// <summary>Asks for a passphrase at a terminal, without showing it.</summary>
internal static class TerminalPrompt
{
    /// <summary>What asks; null where standard input is no terminal.</summary>
    /// <param name="errors">Where the question goes: standard output may be read by a program.</param>
    public static Func<string, string>? Asker(TextWriter errors) => Console.IsInputRedirected ? null : question => Ask(question, errors);

    private static string Ask(string question, TextWriter errors)
    {
        errors.Write(question);
        errors.Flush();
        StringBuilder typed = new();
        while (true)
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    errors.WriteLine();
                    return typed.ToString();
                case ConsoleKey.Backspace:
                    if (typed.Length > 0) typed.Length--;
                    break;
                case ConsoleKey.D when key.Modifiers == ConsoleModifiers.Control:
                    throw FaultException.Of(FaultKind.Usage, "", "no passphrase was given");
                default:
                    if (!char.IsControl(key.KeyChar)) typed.Append(key.KeyChar);
                    break;
            }
        }
    }
}

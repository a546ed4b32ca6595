// ticket show|diff: what a ticket keeps and its origin, and how two tickets of the same shape
// differ. Reads ticket folders only; needs no model and no native library.
using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RobustTickets.Cli.Options;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;

namespace RobustTickets.Cli.Commands;

internal static class TicketCommand
{
    private const string FolderHelp = "run folder or ticket folder";

    public static Command Create(CliContext context) =>
        new("ticket", "inspect and compare tickets") { Show(context), Diff(context) };

    private static Command Show(CliContext context)
    {
        var folder = new Argument<string>("folder") { Description = FolderHelp };
        var json = CommonOptions.Json();
        var command = new Command("show", "show what a ticket keeps, layer by layer, and its provenance")
        {
            folder,
            json,
        };
        command.SetAction(parsed =>
        {
            var ticket = SavedTicket.Load(parsed.GetRequiredValue(folder));
            var parts = TicketParts.Of(ticket.Mask);
            var facts = ticket.Facts.Where(f => f.Value is JsonValue).ToArray();
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(
                    context.Out,
                    new JsonObject
                    {
                        ["folder"] = ticket.Folder,
                        ["provenance"] = new JsonObject(
                            facts.Select(f => KeyValuePair.Create(f.Key, f.Value?.DeepClone()))
                        ),
                        ["totals"] = new JsonArray([.. Totals(parts).Select(Node)]),
                        ["parts"] = new JsonArray([.. parts.Select(Node)]),
                    }
                );
                return ExitCodes.Ok;
            }
            context.Out.WriteLine(ticket.Folder);
            foreach (var (name, value) in facts)
                context.Out.WriteLine($"  {name, -14} {value}");
            Table(
                context.Out,
                ["part", "kept", "of", "sparsity"],
                [.. parts.Select(Row), .. Totals(parts).Select(Row)]
            );
            return ExitCodes.Ok;
        });
        return command;

        static JsonNode Node(TicketPart p) =>
            new JsonObject
            {
                ["layer"] = p.Layer,
                ["kind"] = p.Kind,
                ["count"] = p.Count,
                ["kept"] = p.Kept,
                ["sparsity"] = Sparsity(p),
            };
        static string[] Row(TicketPart p) =>
            [Name(p.Layer, p.Kind), Number(p.Kept), Number(p.Count), Share(Sparsity(p))];
        static double Sparsity(TicketPart p) => p.Count == 0 ? 0 : 1 - ((double)p.Kept / p.Count);
    }

    private static Command Diff(CliContext context)
    {
        var first = new Argument<string>("first") { Description = FolderHelp };
        var second = new Argument<string>("second") { Description = FolderHelp };
        var json = CommonOptions.Json();
        var command = new Command(
            "diff",
            "compare two tickets of the same shape: distance (share of entries that differ) and overlap "
                + "(entries kept by both over entries kept by either)"
        )
        {
            first,
            second,
            json,
        };
        command.SetAction(parsed =>
        {
            var (a, b) = (
                SavedTicket.Load(parsed.GetRequiredValue(first)),
                SavedTicket.Load(parsed.GetRequiredValue(second))
            );
            var parts = TicketParts.Compare(a.Mask, b.Mask, a.Folder, b.Folder);
            PartDifference[] totals =
            [
                .. parts
                    .GroupBy(p => p.Kind)
                    .Where(g => g.Count() > 1)
                    .Select(g => TicketParts.Total([.. g]) with { Kind = g.Key }),
                TicketParts.Total(parts),
            ];
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(
                    context.Out,
                    new JsonObject
                    {
                        ["first"] = a.Folder,
                        ["second"] = b.Folder,
                        ["totals"] = new JsonArray([.. totals.Select(Node)]),
                        ["parts"] = new JsonArray([.. parts.Select(Node)]),
                    }
                );
                return ExitCodes.Ok;
            }
            context.Out.WriteLine($"first   {a.Folder}");
            context.Out.WriteLine($"second  {b.Folder}");
            Table(
                context.Out,
                ["part", "first", "second", "both", "of", "distance", "overlap"],
                [.. parts.Select(Row), .. totals.Select(Row)]
            );
            return ExitCodes.Ok;
        });
        return command;

        static JsonNode Node(PartDifference p) =>
            new JsonObject
            {
                ["layer"] = p.Layer,
                ["kind"] = p.Kind,
                ["count"] = p.Count,
                ["kept_first"] = p.KeptFirst,
                ["kept_second"] = p.KeptSecond,
                ["shared"] = p.Shared,
                ["distance"] = p.Distance,
                ["overlap"] = p.Overlap,
            };

        static string[] Row(PartDifference p) =>
            [
                Name(p.Layer, p.Kind),
                Number(p.KeptFirst),
                Number(p.KeptSecond),
                Number(p.Shared),
                Number(p.Count),
                p.Distance.ToString("0.0000", CultureInfo.InvariantCulture),
                p.Overlap.ToString("0.0000", CultureInfo.InvariantCulture),
            ];
    }

    private static IEnumerable<TicketPart> Totals(IReadOnlyList<TicketPart> parts) =>
        parts
            .GroupBy(p => p.Kind)
            .Where(g => g.Count() > 1)
            .Select(g => new TicketPart(null, g.Key, g.Sum(p => p.Count), g.Sum(p => p.Kept)))
            .Append(new TicketPart(null, "all", parts.Sum(p => p.Count), parts.Sum(p => p.Kept)));

    private static string Name(int? layer, string kind) =>
        layer is { } l ? string.Create(CultureInfo.InvariantCulture, $"layer {l} {kind}") : kind;

    private static string Number(long n) => n.ToString("N0", CultureInfo.InvariantCulture);

    private static string Share(double share) => (100 * share).ToString("0.0 '%'", CultureInfo.InvariantCulture);

    private static void Table(TextWriter output, string[] head, IReadOnlyList<string[]> rows)
    {
        var widths = Enumerable
            .Range(0, head.Length)
            .Select(c => rows.Append(head).Max(row => row[c].Length))
            .ToArray();
        foreach (var row in rows.Prepend(head))
            output.WriteLine(
                "  "
                    + string.Join(
                        "  ",
                        row.Select((cell, c) => c == 0 ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]))
                    )
            );
    }
}

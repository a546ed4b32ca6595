// attack recipes list|show: the published attacks with the source of each number, and which of
// their resources are available.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Cli.Options;
using RobustTickets.Cli.Terminal;

namespace RobustTickets.Cli.Commands;

internal static class AttackRecipesCommand
{
    public static Command Create(CliContext context) =>
        new("recipes", "list and show attack recipes") { List(context), Show(context) };

    private static Command List(CliContext context)
    {
        var json = CommonOptions.Json();
        var command = new Command("list", "list the attack recipes and the resources they need") { json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(
                    context.Out,
                    new JsonArray([
                        .. AttackRecipe.All.Select(r => new JsonObject
                        {
                            ["name"] = r.Name,
                            ["summary"] = r.Summary,
                            ["resources"] = JsonOutput.Array(r.Needs),
                        }),
                    ])
                );
                return ExitCodes.Ok;
            }
            var width = AttackRecipe.All.Max(r => r.Name.Length);
            foreach (var recipe in AttackRecipe.All)
            {
                context.Out.WriteLine($"{recipe.Name.PadRight(width)}  {recipe.Summary}");
                context.Out.WriteLine($"{"".PadRight(width)}  resources: {string.Join(", ", recipe.Needs)}");
            }
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Show(CliContext context)
    {
        var name = new Argument<string>("name") { Description = "a recipe's name (see attack recipes list)" };
        name.AcceptOnlyFromAmong([.. AttackRecipe.All.Select(r => r.Name)]);
        var compat = new Option<string>("--compat")
        {
            Description = "TextAttack release to follow",
            DefaultValueFactory = _ => "0.3.4",
        };
        compat.AcceptOnlyFromAmong([.. TextAttackVersions.ByName.Keys]);
        var json = CommonOptions.Json();
        var command = new Command(
            "show",
            "print the components of a published attack recipe, with the source of every number"
        )
        {
            name,
            compat,
            json,
        };
        command.SetAction(parsed =>
        {
            var recipe = AttackRecipe.Find(parsed.GetRequiredValue(name));
            var release = parsed.GetValue(compat)!;
            var attack = recipe.Published(TextAttackVersions.ByName[release]);
            if (parsed.GetValue(json))
                JsonOutput.Write(context.Out, Json(recipe, release, attack));
            else
                Print(context.Out, recipe, release, attack);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static JsonObject Json(AttackRecipe recipe, string release, Attack attack)
    {
        var folder = ResourceFolder.OfUser();
        return new JsonObject
        {
            ["name"] = recipe.Name,
            ["summary"] = recipe.Summary,
            ["compat"] = release,
            ["search"] = attack.Search.Name,
            ["transformation"] = attack.Transformation.Name,
            ["positions"] = JsonOutput.Array(attack.Positions.Select(p => p.Name)),
            ["constraints"] = JsonOutput.Array(attack.Constraints.Select(c => c.Name)),
            ["composition"] = new JsonArray([
                .. attack.Lines.Select(l => new JsonObject
                {
                    ["item"] = l.Item,
                    ["value"] = l.Value,
                    ["source"] = Source(l),
                }),
            ]),
            ["resources"] = new JsonArray([
                .. Needs(recipe)
                    .Select(k => new JsonObject
                    {
                        ["kind"] = k.Kind,
                        ["file"] = folder.Find(k)?.Path,
                        ["purpose"] = k.Purpose,
                        ["without"] = ResourceHints.Without(k),
                        ["origin"] = k.Origin,
                        ["licence"] = k.Licence,
                    }),
            ]),
        };
    }

    private static void Print(TextWriter output, AttackRecipe recipe, string release, Attack attack)
    {
        output.WriteLine($"{recipe.Name}: {recipe.Summary}");
        output.WriteLine(
            $"as TextAttack {(release == "head" ? "main branch" : release)} runs it; positions: "
                + $"{string.Join(", ", attack.Positions.Select(p => p.Name))}; candidates: "
                + $"{string.Join(", ", attack.Constraints.Select(c => c.Name))}"
        );
        var item = attack.Lines.Max(l => l.Item.Length);
        foreach (var line in attack.Lines)
        {
            output.WriteLine($"  {line.Item.PadRight(item)}  {line.Value}");
            output.WriteLine($"  {"".PadRight(item)}    from {Source(line)}");
        }
        output.WriteLine("resources");
        var folder = ResourceFolder.OfUser();
        foreach (var kind in Needs(recipe))
        {
            output.WriteLine($"  {kind.Kind, -16}  {folder.Find(kind)?.Path ?? "not found"}");
            if (folder.Find(kind) is null)
                output.WriteLine($"  {"", -16}    without it: {ResourceHints.Without(kind)}");
        }
    }

    // The library's message names the field of a sentence encoder.
    private static string Source(RecipeLine line) =>
        line.Source.Replace(
            $"({nameof(ResourceFiles.Encoder)})",
            $"({FieldOptions.Of(nameof(ResourceFiles.Encoder))})",
            StringComparison.Ordinal
        );

    private static IEnumerable<ResourceKind> Needs(AttackRecipe recipe) =>
        recipe.Needs.Select(k => ResourceKinds.TryFind(k)!);
}

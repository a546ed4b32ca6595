// recipes list|show|check: the published methods as recipe files to read, change and validate.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Cli.Options;
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;
using RobustTickets.Recipes.Validation;

namespace RobustTickets.Cli.Commands;

internal static class RecipesCommand
{
    public static Command Create(CliContext context) =>
        new("recipes", "list, show and check recipes") { List(context), Show(context), Check(context) };

    private static Command List(CliContext context)
    {
        var json = CommonOptions.Json();
        var command = new Command("list", "list the published methods and the tasks they have numbers for") { json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(
                    context.Out,
                    new JsonArray([
                        .. RecipePresets.List.Select(p => new JsonObject
                        {
                            ["name"] = p.Name,
                            ["summary"] = p.Summary,
                            ["tasks"] = JsonOutput.Array(p.Tasks),
                        }),
                    ])
                );
                return ExitCodes.Ok;
            }
            var width = RecipePresets.List.Max(p => p.Name.Length);
            foreach (var group in RecipePresets.List.GroupBy(p => string.Join(", ", p.Tasks)))
            {
                context.Out.WriteLine($"with numbers for {group.Key} (other tasks use those of SST-2):");
                foreach (var preset in group)
                    context.Out.WriteLine($"  {preset.Name.PadRight(width)}  {preset.Summary}");
                context.Out.WriteLine();
            }
            context.Out.WriteLine("recipes show NAME prints one with all its numbers; train --recipe NAME runs it");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Show(CliContext context)
    {
        var name = new Argument<string>("name") { Description = "a preset's name (see recipes list) or a recipe file" };
        var task = new Option<string?>("--task") { Description = "task whose numbers to show; default sst2" };
        var set = CommonOptions.Set();
        // The output is JSON without it.
        var json = CommonOptions.Json();
        var command = new Command("show", "print a recipe as JSON, to be edited and passed to train --recipe")
        {
            name,
            task,
            set,
            json,
        };
        command.SetAction(parsed =>
        {
            var recipe = RecipeSource.Resolve(
                parsed.GetRequiredValue(name),
                parsed.GetValue(task),
                parsed.GetValue(set) ?? [],
                seed: null
            );
            context.Out.Write(RecipeJson.Write(recipe));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Check(CliContext context)
    {
        var files = new Argument<string[]>("file") { Description = "recipe files", Arity = ArgumentArity.OneOrMore };
        var json = CommonOptions.Json();
        var command = new Command(
            "check",
            "report all problems of recipe files at once; exit code 2 if there are any, 3 if a file is missing"
        )
        {
            files,
            json,
        };
        command.SetAction(parsed =>
        {
            var results = new JsonArray();
            var code = ExitCodes.Ok;
            foreach (var file in parsed.GetRequiredValue(files))
            {
                var (recipe, problems, unreadable) = Read(file);
                if (unreadable || problems.Count > 0)
                    code = Math.Max(code, unreadable ? ExitCodes.Data : ExitCodes.Usage);
                if (parsed.GetValue(json))
                    results.Add(
                        new JsonObject
                        {
                            ["file"] = file,
                            ["ok"] = problems.Count == 0,
                            ["problems"] = JsonOutput.Array(problems),
                        }
                    );
                else if (problems.Count == 0)
                    context.Out.WriteLine($"{file}: ok ({recipe!.Name}, {recipe.Task})");
                else
                    foreach (var problem in problems)
                        context.Out.WriteLine(
                            problem.StartsWith(file, StringComparison.Ordinal) ? problem : $"{file}: {problem}"
                        );
            }
            if (parsed.GetValue(json))
                JsonOutput.Write(context.Out, results);
            return code;
        });
        return command;
    }

    private static (Recipe? Recipe, IReadOnlyList<string> Problems, bool Unreadable) Read(string file)
    {
        try
        {
            var recipe = RecipeJson.ReadFile(file);
            var problems = RecipeCheck.Check(recipe);
            // The library accepts any attack; named attacks are defined by this program.
            return (
                recipe,
                recipe.Evaluate.EpochAttack is { } attack && EpochAttackSource.UnknownName(attack) is { } unknown
                    ? [.. problems, unknown]
                    : problems,
                false
            );
        }
        catch (RecipeException e)
        {
            return (null, e.Problems, e.Unreadable);
        }
    }
}

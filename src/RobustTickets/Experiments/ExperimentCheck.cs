// Validates the names in an experiment, which become folders and refer to each other.
using System.Text.RegularExpressions;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Recipes.Validation;

namespace RobustTickets.Experiments;

internal static partial class ExperimentCheck
{
    // The sequence length does not affect whether options are valid.
    private const int AnyLength = 64;

    /// <summary>
    /// Appends every invalid, duplicate or dangling name, and every invalid number, by path.
    /// </summary>
    /// <param name="e">The experiment.</param>
    /// <param name="problems">Receives the problems.</param>
    /// <param name="references">Whether the names of all rows and data are known, so that unknown
    /// references are reported.</param>
    public static void Names(Experiment e, List<string> problems, bool references = true)
    {
        var dangling = references ? problems : [];
        Name("name", e.Name, problems);
        if (e.Name is ExperimentFolder.Cells or ExperimentFolder.Failed or ExperimentFolder.Leased)
            problems.Add(
                $"name: \"{e.Name}\" is not possible; the name is reserved for a folder that the tables share"
            );
        List("rows", e.Rows, r => r.Name, problems);
        List("data", e.Data, d => d.Name, problems);
        List("attacks", e.Attacks, a => a.Name, problems, mayBeEmpty: true);
        List("figures", e.Figures ?? [], f => f.Name, problems, mayBeEmpty: true);
        if (e.Seeds.Count == 0)
            problems.Add("seeds: is empty; at least one seed is needed");
        if (e.Seeds.Distinct().Count() < e.Seeds.Count)
            problems.Add("seeds: a seed occurs twice");
        if (e.Seeds.Any(s => s < 0))
            problems.Add("seeds: each seed must be 0 or more");

        var rows = e.Rows.Select(r => r.Name).ToArray();
        var data = e.Data.Select(d => d.Name).ToArray();
        if (e.Baseline is { } baseline)
            Known("baseline", baseline, rows, dangling);
        for (var i = 0; i < e.Data.Count; i++)
        {
            if (e.Data[i].AttackExamples is < 1)
                problems.Add(
                    $"data[{i}].attack-examples: {e.Data[i].AttackExamples} is not possible; must be at least 1"
                );
            if (!TaskCatalog.TryFind(e.Data[i].Task, out _))
                Known($"data[{i}].task", e.Data[i].Task, [.. TaskCatalog.Tasks.Select(t => t.Name)], problems);
            Try(() => ExperimentOptions.OfData(e.Data[i].Options, $"data[{i}].options"), problems);
        }
        for (var i = 0; i < e.Rows.Count; i++)
        {
            var row = e.Rows[i];
            foreach (var on in row.On ?? [])
                Known($"rows[{i}].on", on, data, dangling);
            foreach (var on in row.SetOn?.Keys ?? [])
                Known($"rows[{i}].set-on", on, data, dangling);
            if (row.Recipe is null == row.ControlOf is null)
                problems.Add($"rows[{i}]: give either recipe or control-of");
            if (row.TicketOf is { } source)
            {
                if (row.ControlOf is not null)
                    problems.Add($"rows[{i}].ticket-of: a control has no ticket; leave it out");
                Known(
                    $"rows[{i}].ticket-of",
                    source,
                    [
                        .. e
                            .Rows.Where(r => r is { ControlOf: null, TicketOf: null } && r.Name != row.Name)
                            .Select(r => r.Name),
                    ],
                    dangling
                );
            }
            if (row.ControlOf is not { } owner)
                continue;
            if (row.Set is not null || row.SetOn is not null)
                problems.Add($"rows[{i}].set: a control uses the settings of the row it belongs to; leave it out");
            Known(
                $"rows[{i}].control-of",
                owner,
                [.. e.Rows.Where(r => r.ControlOf is null).Select(r => r.Name)],
                dangling
            );
        }
        for (var i = 0; i < e.Attacks.Count; i++)
        {
            foreach (var on in e.Attacks[i].On ?? [])
                Known($"attacks[{i}].on", on, data, dangling);
            if (e.Attacks[i].Examples is < 1)
                problems.Add($"attacks[{i}].examples: {e.Attacks[i].Examples} is not possible; must be at least 1");
            Attack(e.Attacks[i], $"attacks[{i}]", problems);
        }
        for (var i = 0; i < (e.Figures?.Count ?? 0); i++)
        {
            var figure = e.Figures![i];
            foreach (var row in figure.Rows ?? [])
                Known($"figures[{i}].rows", row, rows, dangling);
            if (figure.Kind == FigureKind.Sweep && figure.Field is null)
                problems.Add($"figures[{i}].field: missing; a sweep needs the recipe field of its x axis");
        }
    }

    // Checks recipe and options of an attack, and their combination.
    private static void Attack(ExperimentAttack attack, string path, List<string> problems)
    {
        var recipe = AttackRecipe.TryFind(attack.Recipe);
        if (recipe is null)
            Known($"{path}.recipe", attack.Recipe, [.. AttackRecipe.All.Select(r => r.Name)], problems);
        Try(
            () =>
            {
                var options = ExperimentAttackOptions.Read(attack, new DataOptions(), AnyLength, $"{path}.options");
                Refuse(recipe, options, path);
            },
            problems
        );
    }

    private static void Refuse(AttackRecipe? recipe, ExperimentAttackOptions read, string path)
    {
        try
        {
            if (recipe is not null)
                (recipe with { Options = read.Attack, Resources = ResourceFiles.Named(read.Resources) }).Refuse();
        }
        catch (RequestException e)
        {
            throw new RecipeException($"{path}: {e.Message}");
        }
    }

    private static void Try(Action read, List<string> problems)
    {
        try
        {
            read();
        }
        catch (RecipeException e)
        {
            problems.Add(e.Message);
        }
    }

    private static void List<T>(
        string path,
        IReadOnlyList<T> items,
        Func<T, string> name,
        List<string> problems,
        bool mayBeEmpty = false
    )
    {
        if (items.Count == 0 && !mayBeEmpty)
            problems.Add($"{path}: is empty; at least one is needed");
        for (var i = 0; i < items.Count; i++)
        {
            Name($"{path}[{i}].name", name(items[i]), problems);
            if (items.Take(i).Any(other => name(other) == name(items[i])))
                problems.Add($"{path}[{i}].name: \"{name(items[i])}\" occurs twice");
        }
    }

    private static void Name(string path, string name, List<string> problems)
    {
        if (!Plain().IsMatch(name))
            problems.Add(
                $"{path}: \"{name}\" is not possible; use letters, digits, '-' and '_', since it names folders"
            );
    }

    private static void Known(string path, string name, IReadOnlyCollection<string> possible, List<string> problems)
    {
        if (!possible.Contains(name))
            problems.Add($"{path}: unknown \"{name}\"; {NearestNames.Hint(name, possible)}");
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    private static partial Regex Plain();
}

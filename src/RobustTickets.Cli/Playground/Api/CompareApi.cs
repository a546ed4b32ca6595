// Compares models by the attack folders of their runs.
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli.Playground.Compare;
using RobustTickets.Reports;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Playground.Api;

/// <summary><c>/api/compare</c> with its subroutes, and <c>/api/speed</c>.</summary>
internal static class CompareApi
{
    private const int PageSize = 20;
    private const int MostOwnTexts = 64;
    private const string CsvType = "text/csv; charset=utf-8";

    private sealed record SpeedRequest(string Model);

    private sealed record AttackFigures(
        int Count,
        double Clean,
        double Aua,
        double AuaLow,
        double AuaHigh,
        double Suc,
        double Queries
    );

    private sealed record Row(
        string Id,
        string Name,
        string Form,
        long? Parameters,
        string? Recipe,
        double? Clean,
        string? CleanRows,
        IReadOnlyDictionary<string, AttackFigures> Attacks
    );

    /// <summary>Maps the routes.</summary>
    public static void Map(WebApplication app, PlaygroundState state)
    {
        var runs = new RunFigures();
        var meters = new Slots(1, "measurements");
        Endpoint.Get(app, "/api/compare", _ => Task.FromResult<object>(Table(state, runs)));
        Endpoint.GetText(
            app,
            "/api/compare/table.csv",
            CsvType,
            context => Task.FromResult(TableCsv(state, runs, context.Request.Query["attack"]))
        );
        Endpoint.Get(
            app,
            "/api/compare/examples",
            context =>
            {
                var (examples, fall) = Examples(context, state, runs);
                var from = From(context.Request.Query["from"]);
                return Task.FromResult<object>(
                    new
                    {
                        examples.Count,
                        examples.Differs,
                        counts = examples.Counts.ToDictionary(c => Name(c.Key), c => c.Value),
                        from,
                        examples = examples.Of(fall).Skip(from).Take(PageSize).ToArray(),
                    }
                );
            }
        );
        Endpoint.GetText(
            app,
            "/api/compare/examples.csv",
            CsvType,
            context =>
            {
                var (examples, fall) = Examples(context, state, runs);
                return Task.FromResult(ExamplesCsv(examples.Of(fall)));
            }
        );
        Endpoint.Post<SpeedRequest>(
            app,
            "/api/speed",
            async (context, request) =>
            {
                var model = state.Model(request.Model);
                using var slot = meters.Take();
                var own = runs.Of(model)
                    ?.Attacks.FirstOrDefault()
                    ?.Examples.Take(MostOwnTexts)
                    .Select(e => e.OriginalText);
                return await Task.Run(
                    () => SpeedMeter.Measure(state, model, [.. own ?? []], context.RequestAborted),
                    context.RequestAborted
                );
            }
        );
    }

    private static object Table(PlaygroundState state, RunFigures runs)
    {
        var rows = Rows(state, runs);
        var attacks = rows.SelectMany(r => r.Attacks.Keys).Distinct().Order().ToArray();
        return new
        {
            attacks,
            models = rows,
            differs = attacks.ToDictionary(a => a, a => Differences(state, runs, a)),
        };
    }

    // The models whose accuracy under an attack cannot be compared with the first model's.
    private static string[] Differences(PlaygroundState state, RunFigures runs, string attack)
    {
        var attacked = state
            .Models.Select(model => (model.Name, Run: runs.Of(model)))
            .Where(m => m.Run?.Attacks.Any(a => a.Name == attack) == true)
            .ToArray();
        return
        [
            .. attacked
                .Skip(1)
                .Select(m => (m.Name, Why: ReportMethod.Difference(attacked[0].Run!, m.Run!, attack)))
                .Where(m => m.Why is not null)
                .Select(m => $"{m.Name} cannot be compared with {attacked[0].Name}: {attack} {m.Why}."),
        ];
    }

    private static Row[] Rows(PlaygroundState state, RunFigures runs) =>
        [
            .. state.Models.Select(model =>
            {
                var run = runs.Of(model);
                return new Row(
                    model.Id,
                    model.Name,
                    model.Form,
                    run?.Parameters ?? model.Parameters,
                    run?.Result.Name,
                    run?.Clean,
                    run is null
                        ? null
                        : Text(
                            $"{run.Result.Task} {run.Result.EvaluatedSplit}, {run.Result.EvaluatedExamples:N0} rows"
                        ),
                    (run?.Attacks ?? []).ToDictionary(a => a.Name, Figures)
                );
            }),
        ];

    private static AttackFigures Figures(AttackRecord attack)
    {
        var (low, high) = WilsonInterval.Of(attack.Failed, attack.Count);
        return new(attack.Count, attack.Clean, attack.Aua, low, high, attack.Suc, attack.MeanQueries);
    }

    private static string TableCsv(PlaygroundState state, RunFigures runs, string? attack)
    {
        var csv = new CsvLines().Add("model", "form", "parameters", "clean", "attack", "n", "aua", "suc", "queries");
        foreach (var row in Rows(state, runs))
        {
            var all = row.Attacks.Where(a => attack is null || a.Key == attack).ToList();
            if (all.Count == 0)
                csv.Add(row.Name, row.Form, Number(row.Parameters), Number(row.Clean), "", "", "", "", "");
            foreach (var (name, a) in all)
                csv.Add(
                    row.Name,
                    row.Form,
                    Number(row.Parameters),
                    Number(row.Clean),
                    name,
                    Number(a.Count),
                    Number(a.Aua),
                    Number(a.Suc),
                    Number(a.Queries)
                );
        }
        return csv.ToString();
    }

    private static string ExamplesCsv(IEnumerable<ComparedExample> examples)
    {
        var csv = new CsvLines().Add(
            "id",
            "label",
            "fell",
            "original",
            "first_result",
            "first_output",
            "first_queries",
            "first_text",
            "second_result",
            "second_output",
            "second_queries",
            "second_text"
        );
        foreach (var e in examples)
            csv.Add([e.Id, e.Label, Name(e.Fall), Text(e.First.Before), .. Side(e.First), .. Side(e.Second)]);
        return csv.ToString();

        static string[] Side(ComparedSide side) => [side.Result, side.Output, Number(side.Queries), Text(side.After)];

        static string Text(MarkedWords words) => string.Join(' ', words.Words);
    }

    private static (ComparedExamples Examples, Fall? Fall) Examples(
        HttpContext context,
        PlaygroundState state,
        RunFigures runs
    )
    {
        var query = context.Request.Query;
        var (first, second) = (state.Model(query["first"]), state.Model(query["second"]));
        var shown = query["show"].ToString();
        Fall? fall = shown is "" or "all"
            ? null
            : Enum.GetValues<Fall>().Where(f => Name(f) == shown).Select(f => (Fall?)f).FirstOrDefault()
                ?? throw RefusedException.Malformed(
                    $"show: unknown value; possible: all, {string.Join(", ", Enum.GetValues<Fall>().Select(Name))}"
                );
        var attack = query["attack"].ToString();
        _ = (runs.Attack(first, attack), runs.Attack(second, attack)); // refused if there is none
        return (new ComparedExamples(runs.Of(first)!, runs.Of(second)!, attack), fall);
    }

    private static int From(string? text) =>
        int.TryParse(text ?? "0", NumberStyles.None, CultureInfo.InvariantCulture, out var from)
            ? from
            : throw RefusedException.Malformed("from: expected a whole number");

    private static string Name(Fall fall) =>
        System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(fall.ToString());

    private static string Number(double? value) => value?.ToString("0.######", CultureInfo.InvariantCulture) ?? "";
}

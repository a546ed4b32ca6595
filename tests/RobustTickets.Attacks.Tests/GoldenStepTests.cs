using System.Collections.Concurrent;
using System.Text.Json;
using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Searches;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// Every step of every search, row by row: the word visited, the candidates that the constraints
/// leave, the best of their scores; and the random numbers drawn.
/// Mutants: the other ranking, a generator without a draw for a choice of one.
/// </summary>
public class GoldenStepTests
{
    public static TheoryData<string, string> Sets() => GoldenAttackTests.Sets();

    [SkippableTheory]
    [MemberData(nameof(Sets))]
    public void Every_step_is_the_recorded_one(string version, string set)
    {
        var golden = Required(version, set);
        var (judged, wrong) = Compare(
            golden,
            version,
            set,
            golden.Attack(set, GoldenAttacks.VersionOf(version)!.Value)
        );
        if (judged == 0)
        {
            throw Golden.Skip($"attacks: steps of {version}/{set}");
        }
        Assert.True(
            wrong.Count == 0,
            $"{version}/{set}: {wrong.Count} of {judged} rows differ\n" + string.Join('\n', wrong.Take(5))
        );
    }

    [SkippableTheory]
    [InlineData("tf_basic")]
    [InlineData("beam4")]
    [InlineData("tb_lcg")]
    public void Other_steps_are_noticed(string set)
    {
        const string Version = "v0.3.4";
        if (!File.Exists(Path.Combine(Required(Version, set).Folder, Version, set + ".jsonl")))
        {
            throw Golden.Skip($"attacks: steps of {Version}/{set}");
        }
        var golden = Required(Version, set);
        var right = golden.Attack(set, TextAttackVersion.V034);
        var mutant = set switch
        {
            "tb_lcg" => right with { Randomness = new LcgPerExample(DrawsForOne: false) },
            "beam4" => right with { Search = new BeamSearch(3) },
            _ => right with { Search = new GreedyWordRanking(WordRanking.Unknown) },
        };
        var (judged, wrong) = Compare(golden, Version, set, mutant);
        GoldenRows.RequireNoticed(wrong.Count > 0, judged, $"attacks: steps of {Version}/{set}");
    }

    private static GoldenAttacks Required(string version, string set)
    {
        if (GoldenAttacks.Instance is not { } golden)
        {
            throw Golden.Skip("attacks: steps");
        }
        return GoldenAttacks.Missing(set) is { } missing
            ? throw Golden.Skip($"attacks: steps of {version}/{set} ({missing})")
            : golden;
    }

    private static (int Judged, List<string> Wrong) Compare(
        GoldenAttacks golden,
        string version,
        string set,
        Attack attack
    )
    {
        var inputs = GoldenAttacks.Of(set).Inputs;
        // TextAttack visits words without candidates, too.
        var search = attack.Search is GreedyWordRanking greedy
            ? greedy with
            {
                SkipIdleQueries = false,
            }
            : attack.Search;
        var steps = new Recorded(search, []);
        var draws = new ConcurrentDictionary<string, int>();
        var outcomes = GoldenAttacks
            .Run(
                attack with
                {
                    Search = steps,
                    Positions = [new Watched(attack.Positions[0]), .. attack.Positions.Skip(1)],
                    Constraints = [.. attack.Constraints, new Counting()],
                    Randomness = attack.Randomness is LcgPerExample lcg
                        ? lcg with
                        {
                            Draws = draws,
                        }
                        : attack.Randomness,
                },
                golden.Victim(inputs),
                GoldenRows.Needed(golden, version, set, inputs)
            )
            .ToDictionary(o => o.Id);
        var (judged, wrong) = (0, new List<string>());
        foreach (var row in GoldenRows.Rows(golden, version, set))
        {
            var outcome = outcomes[row.GetProperty("id").GetRawText()];
            if (row.TryGetProperty("steps", out var recorded))
            {
                judged++;
                var expected = recorded.EnumerateArray().Select(Step.Read).ToList();
                var found = steps.Of(outcome, attack.Version);
                if (!found.Any(s => Same(expected, s)))
                    wrong.Add($"row {outcome.Id}: expected {recorded}, got {string.Join(" or ", found.Select(Text))}");
            }
            if (row.TryGetProperty("lcg_draws", out var drawn))
            {
                judged++;
                var found = draws.GetValueOrDefault(outcome.Id);
                if (drawn.GetInt32() != found)
                    wrong.Add($"row {outcome.Id}: expected {drawn} draws, got {found}");
            }
        }
        return (judged, wrong);
    }

    private static bool Same(List<Step> expected, IReadOnlyList<Step> found) =>
        expected.Count == found.Count && expected.Zip(found).All(p => p.First.IsNear(p.Second));

    private static string Text(IReadOnlyList<Step> steps) => $"[{string.Join(", ", steps)}]";

    /// <summary>
    /// A visit of a word, or of a text of the beam (position -1): candidates left, and the best of
    /// the scores that were asked for after it.
    /// </summary>
    private sealed record Step(int Position, int Candidates, double? Best)
    {
        public static Step Read(JsonElement row) =>
            new(
                row[0].GetInt32(),
                row[1].GetInt32(),
                row[2].ValueKind == JsonValueKind.Null ? null : row[2].GetDouble()
            );

        // Recorded scores are rounded to as many digits.
        public bool IsNear(Step other) =>
            (Position, Candidates, Best is null) == (other.Position, other.Candidates, other.Best is null)
            && !(Math.Abs((Best ?? 0) - (other.Best ?? 0)) > GoldenRows.Tolerance);

        public override string ToString() => JsonSerializer.Serialize(new object?[] { Position, Candidates, Best });
    }

    /// <summary>
    /// The steps of one example, from the positions, candidates and scores of its search.
    /// </summary>
    private sealed class Log(ISearch search)
    {
        private readonly List<Step> _steps = [];
        private AttackedText? _text;
        private int _requests;

        /// <summary>The log of the search that computes on this thread.</summary>
        [ThreadStatic]
        public static Log? Current;

        public IReadOnlyList<Step> Steps => _steps;

        // Words are ranked before the first visit; PWWS looks at the candidates of all, too.
        private int Preparations =>
            search is BeamSearch ? 0
            : search is WeightedSaliency ? 2
            : 1;

        public void Visit(AttackedText text, int position)
        {
            if (search is not BeamSearch)
                _steps.Add(new Step(position, 0, null));
            else if (!ReferenceEquals(_text, text))
                _steps.Add(new Step(-1, 0, null));
            _text = text;
        }

        public void Left(int candidates) => _steps[^1] = _steps[^1] with { Candidates = candidates };

        public void Scored(ScoreRequest request)
        {
            if (++_requests > Preparations)
                _steps[^1] = _steps[^1] with { Best = request.Verdicts.Select(v => (double?)v.Score).Max() };
            else
                _steps.Clear();
        }
    }

    /// <summary>Keeps the steps of a search, by the text attacked.</summary>
    private sealed record Recorded(ISearch Inner, ConcurrentDictionary<(string, double), ConcurrentBag<Log>> Seen)
        : ISearch
    {
        public string Name => Inner.Name;

        public IReadOnlyList<IReadOnlyList<Step>> Of(AttackOutcome outcome, TextAttackVersion version) =>
            Seen.TryGetValue((AttackedText.Create(outcome.Original, version).Text, outcome.OriginalScore), out var logs)
                ? [.. logs.Select(log => log.Steps)]
                : [];

        public IEnumerable<SearchRequest> Run(SearchContext context)
        {
            var log = new Log(Inner);
            Seen.GetOrAdd((context.Original.Text.Text, context.Original.Verdict.Score), _ => []).Add(log);
            // A beam's first text is a step even if no word of it may change.
            if (Inner is BeamSearch)
                log.Visit(context.Original.Text, -1);
            using var requests = Inner.Run(context).GetEnumerator();
            while (true)
            {
                Log.Current = log;
                var more = requests.MoveNext();
                Log.Current = null;
                if (!more)
                    yield break;
                yield return requests.Current;
                if (requests.Current is ScoreRequest scored)
                    log.Scored(scored);
            }
        }
    }

    /// <summary>The first constraint of an attack, which is asked at every visit.</summary>
    private sealed record Watched(PositionConstraint Inner) : PositionConstraint
    {
        public override string Name => Inner.Name;

        public override bool IsMonotone => Inner.IsMonotone;

        public override bool Allows(AttackedText current, int position)
        {
            Log.Current?.Visit(current, position);
            return Inner.Allows(current, position);
        }

        internal override PythonIntSet AllowedSet(AttackedText current) => Inner.AllowedSet(current);
    }

    /// <summary>A constraint behind all others: it counts what they leave.</summary>
    private sealed record Counting : CandidateConstraint
    {
        public override string Name => "counting";

        public override bool ComparesWithOriginal => false;

        public override IEnumerable<SearchRequest> Filter(AttackedText reference, List<Candidate> candidates)
        {
            Log.Current?.Left(candidates.Count);
            return [];
        }
    }
}

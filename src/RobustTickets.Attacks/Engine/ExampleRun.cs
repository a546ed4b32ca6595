// One example's attack as a state machine: it runs until it needs model outputs, lists them, and
// resumes when they arrive. It caches every output, counts queries and unique forwards
// (docs/methods/attacks.md, Counting), and at the time limit ends with its best text.

using System.Diagnostics;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Searches;

namespace RobustTickets.Attacks.Engine;

internal sealed class ExampleRun
{
    private readonly Attack _attack;
    private readonly Dictionary<TextPair, Verdict> _verdicts = [];
    private readonly Dictionary<(ISentenceEncoder, string), double[]> _vectors = [];
    private readonly Dictionary<(IMaskedLanguageModel, MaskedQuestion), int[]> _tokens = [];
    private readonly IRandomSource _random;
    private readonly IEnumerator<SearchRequest> _script;
    private SearchRequest? _open;
    private SearchContext? _context;
    private TimeSpan _work;
    private int _waiting;
    private int _queries;
    private int _uniqueForwards;

    public ExampleRun(int index, Example input, Attack attack, IRandomSource random)
    {
        Index = index;
        Input = input;
        _attack = attack;
        _random = random;
        _script = Script().GetEnumerator();
    }

    public int Index { get; }

    public Example Input { get; }

    public AttackOutcome? Outcome { get; private set; }

    public bool IsFinished => Outcome is not null;

    public bool IsReady => !IsFinished && _waiting == 0;

    public int Queries => _queries;

    private int QueriesLeft => _attack.QueryBudget is { } budget ? budget - _queries : int.MaxValue;

    /// <summary>Texts whose victim outputs are needed next.</summary>
    public List<TextPair> NeededVerdicts { get; } = [];

    /// <summary>Texts whose sentence embeddings are needed next.</summary>
    public List<(ISentenceEncoder Encoder, string Text)> NeededVectors { get; } = [];

    /// <summary>Questions to a masked language model that are needed next.</summary>
    public List<(IMaskedLanguageModel Model, MaskedQuestion Question)> NeededTokens { get; } = [];

    /// <summary>
    /// Runs until model outputs are needed or the attack ends. An exception ends this example only.
    /// </summary>
    public void Advance()
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            while (_waiting == 0)
            {
                Answer();
                if (IsFinished || !_script.MoveNext())
                    return;
                // The answer is judged first: only what it would ask next is withheld.
                if (_context is not null && _work + Stopwatch.GetElapsedTime(start) > _attack.TimeLimit)
                {
                    Outcome = Describe(_context) with { StoppedByTime = true };
                    return;
                }
                _open = _script.Current;
                Need();
            }
        }
        catch (Exception e)
        {
            Fail(AttackErrorKind.AttackThrew, $"{e.GetType().Name}: {e.Message}");
        }
        finally
        {
            Charge(Stopwatch.GetElapsedTime(start));
        }
    }

    /// <summary>
    /// Adds compute time to this example: its own steps and its share of the batches that contained
    /// its texts.
    /// </summary>
    public void Charge(TimeSpan work) => _work += work;

    public void Receive(TextPair text, double[] row)
    {
        _verdicts[text] = _attack.Goal.Judge(row, Input.Label);
        _waiting--;
    }

    public void Receive(ISentenceEncoder encoder, string text, double[] vector)
    {
        _vectors[(encoder, text)] = vector;
        _waiting--;
    }

    public void Receive(IMaskedLanguageModel model, MaskedQuestion question, int[] tokens)
    {
        _tokens[(model, question)] = tokens;
        _waiting--;
    }

    /// <summary>
    /// Ends this example with an error. Queries of its last request are not counted: how many were
    /// answered so far depends on the batches.
    /// </summary>
    public void Fail(AttackErrorKind kind, string message)
    {
        var columns = Input.Columns.ToArray();
        Outcome ??= new AttackOutcome(
            Input.Id,
            Input.Label,
            AttackResult.Error,
            _queries,
            _uniqueForwards,
            columns,
            columns,
            -1,
            -1,
            0,
            0,
            0,
            0,
            [],
            [],
            null,
            [],
            new AttackError(kind, message)
        );
    }

    private IEnumerable<SearchRequest> Script()
    {
        var text = AttackedText.Create(Input.Columns, _attack.Version);
        var first = new ScoreRequest([text]);
        yield return first;
        var original = new ScoredText(text, null, first.Verdicts[0]);
        _context = new SearchContext(_attack, original, () => QueriesLeft);
        if (!original.Verdict.Succeeded)
        {
            foreach (var request in _attack.Search.Run(_context))
                yield return request;
        }
        Outcome = Describe(_context);
    }

    private void Need()
    {
        NeededVerdicts.Clear();
        NeededVectors.Clear();
        NeededTokens.Clear();
        _uniqueForwards = _verdicts.Count;
        switch (_open)
        {
            case ScoreRequest score:
                var left = score.Counted ? QueriesLeft : int.MaxValue;
                var seen = new HashSet<TextPair>();
                foreach (var text in score.Texts.Take(left))
                {
                    if (text is null)
                        continue;
                    var input = text.ToTextPair();
                    if (!_verdicts.ContainsKey(input) && seen.Add(input))
                        NeededVerdicts.Add(input);
                }
                break;
            case EncodeRequest encode:
                NeededVectors.AddRange(
                    encode
                        .Texts.Distinct(StringComparer.Ordinal)
                        .Select(t => (encode.Encoder, t))
                        .Where(k => !_vectors.ContainsKey(k))
                );
                break;
            case PredictRequest predict:
                NeededTokens.AddRange(
                    predict.Questions.Distinct().Select(q => (predict.Model, q)).Where(k => !_tokens.ContainsKey(k))
                );
                break;
        }
        _waiting = NeededVerdicts.Count + NeededVectors.Count + NeededTokens.Count;
    }

    private void Answer()
    {
        switch (_open)
        {
            case ScoreRequest score:
                var left = score.Counted ? QueriesLeft : int.MaxValue;
                score.Verdicts =
                [
                    .. score.Texts.Take(left).Select(t => t is null ? default : _verdicts[t.ToTextPair()]),
                ];
                if (score.Counted)
                    _queries += score.Verdicts.Count;
                score.BudgetSpent = _attack.QueryBudget == _queries;
                break;
            case EncodeRequest encode:
                encode.Vectors = [.. encode.Texts.Select(t => _vectors[(encode.Encoder, t)])];
                break;
            case PredictRequest predict:
                predict.Answers = [.. predict.Questions.Select(q => _tokens[(predict.Model, q)])];
                break;
            case RandomRequest random:
                random.Answer(_random);
                break;
        }
        _open = null;
    }

    private AttackOutcome Describe(SearchContext context)
    {
        var (original, final) = (context.Original, context.Result);
        var result =
            original.Verdict.Succeeded ? AttackResult.Skipped
            : final.Verdict.Succeeded ? AttackResult.Success
            : AttackResult.Failed;
        var (before, after) = TextDifference.Marks(original.Text, final.Text);
        return new AttackOutcome(
            Input.Id,
            Input.Label,
            result,
            _queries,
            _verdicts.Count,
            Pairs(original.Text),
            Pairs(final.Text),
            original.Verdict.Output,
            final.Verdict.Output,
            original.Verdict.Score,
            final.Verdict.Score,
            original.Text.Words.Count,
            original.Text.WordsChanged(final.Text),
            before,
            after,
            final.Similarity,
            context.Counts()
        );
    }

    private static KeyValuePair<string, string>[] Pairs(AttackedText text) =>
        [.. text.ColumnNames.Zip(text.Columns, (n, c) => new KeyValuePair<string, string>(n, c))];
}

// Three attacked texts, the same for all runs, with changed words marked.
using System.Globalization;
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Reports.Figures;

namespace RobustTickets.Reports;

internal static class HtmlAttacks
{
    private const int Shown = 3;

    public static void Append(StringBuilder html, IReadOnlyList<RunRecord> runs)
    {
        foreach (var name in runs.SelectMany(r => r.Attacks).Select(a => a.Name).Distinct())
        {
            var attacked = runs.Select(r => (Run: r, Attack: r.Attacks.FirstOrDefault(a => a.Name == name)))
                .Where(p => p.Attack is not null)
                .ToArray();
            var examples = Pick([.. attacked.Select(p => p.Attack!)]);
            if (examples.Count == 0)
                continue;
            var body = new StringBuilder();
            for (var i = 0; i < examples.Count; i++)
                Example(
                    body,
                    i + 1,
                    examples[i],
                    [.. attacked.Select(p => (p.Run, p.Attack!.Examples.FirstOrDefault(e => e.Id == examples[i])))]
                );
            HtmlReport.Section(
                html,
                "sentences-" + HtmlReport.Id(name),
                $"{examples.Count switch { 1 => "One sentence", 2 => "Two sentences", _ => "Three sentences" }} "
                    + $"under {name}",
                "Chosen to show different outcomes, not at random. Marked words differ from the original.",
                body.ToString()
            );
        }
    }

    // One on which the runs differ, one that all lost, one that all withstood, then any other
    // attacked ones; short texts first.
    internal static IReadOnlyList<string> Pick(IReadOnlyList<AttackRecord> attacks)
    {
        var tables = attacks
            .Select(a => a.Examples.GroupBy(e => e.Id).ToDictionary(g => g.Key, g => g.First()))
            .ToArray();
        var known = tables[0]
            .Values.Where(e =>
                tables.All(t => t.TryGetValue(e.Id, out var o) && o.OriginalText == e.OriginalText)
                && tables.Any(t => t[e.Id].Result != AttackResult.Skipped)
            )
            .OrderBy(e => Math.Abs(e.Words - 18))
            .ThenBy(e => e.Id, StringComparer.Ordinal)
            .ToArray();
        bool All(AttackOutcome e, AttackResult result) => tables.All(t => t[e.Id].Result == result);
        bool Any(AttackOutcome e, AttackResult result) => tables.Any(t => t[e.Id].Result == result);
        IEnumerable<AttackOutcome>[] wishes =
        [
            known.Where(e =>
                tables[0][e.Id].Result == AttackResult.Success && tables[^1][e.Id].Result == AttackResult.Failed
            ),
            known.Where(e => All(e, AttackResult.Success)),
            known.Where(e => All(e, AttackResult.Failed) && tables.Any(t => t[e.Id].WordsChanged > 0)),
            known.Where(e => Any(e, AttackResult.Success)),
            known,
        ];
        var picked = new List<string>();
        foreach (var wish in wishes)
        {
            var room = wish == wishes[^1] || wish == wishes[^2] ? Shown : 1;
            picked.AddRange(
                wish.Select(e => e.Id).Where(id => !picked.Contains(id)).Take(Math.Min(room, Shown - picked.Count))
            );
        }
        return picked;
    }

    private static void Example(
        StringBuilder body,
        int number,
        string id,
        IReadOnlyList<(RunRecord Run, AttackOutcome? Example)> fates
    )
    {
        var known = fates.Where(f => f.Example is not null).Select(f => (f.Run, Example: f.Example!)).ToArray();
        var (first, original) = known[0];
        body.Append("<article class=\"example\"><h3>")
            .Append(number)
            .Append(". True class: ")
            .Append(Svg.Escape(first.ClassName(original.Label)))
            .Append("</h3>\n<dl>\n");
        // In the original, every word that some attack replaced is marked.
        var replaced = new bool[WordDiff.Compare(original.OriginalText, original.OriginalText).First.Count];
        foreach (var (_, example) in known)
        {
            var words = WordDiff.Compare(example.OriginalText, example.PerturbedText).First;
            for (var i = 0; i < Math.Min(words.Count, replaced.Length); i++)
                replaced[i] |= words[i].Changed;
        }
        var plain = WordDiff
            .Compare(original.OriginalText, original.OriginalText)
            .First.Select((w, i) => w with { Changed = replaced[i] });
        body.Append("<dt>original <small>(example ")
            .Append(Svg.Escape(id))
            .Append(")</small></dt><dd>")
            .Append(Marked(plain, "was"))
            .Append("</dd>\n");
        foreach (var (run, example) in known)
        {
            body.Append("<dt>").Append(Svg.Escape(run.Label)).Append("</dt><dd>");
            if (example.Result != AttackResult.Skipped)
                body.Append(Marked(WordDiff.Compare(example.OriginalText, example.PerturbedText).Second, "now"));
            body.Append("<span class=\"verdict\">").Append(Verdict(run, example)).Append("</span></dd>\n");
        }
        body.Append("</dl></article>\n");
    }

    private static string Marked(IEnumerable<DiffWord> words, string kind) =>
        string.Join(' ', words.Select(w => w.Changed ? Mark(w.Text, kind) : Svg.Escape(w.Text)));

    // Adjacent punctuation stays outside the mark.
    private static string Mark(string word, string kind)
    {
        var from = 0;
        var to = word.Length;
        while (from < to && !char.IsLetterOrDigit(word[from]))
            from++;
        while (to > from && !char.IsLetterOrDigit(word[to - 1]))
            to--;
        if (from == to)
            (from, to) = (0, word.Length);
        return $"{Svg.Escape(word[..from])}<mark "
            + $"class=\"{kind}\">{Svg.Escape(word[from..to])}</mark>{Svg.Escape(word[to..])}";
    }

    private static string Verdict(RunRecord run, AttackOutcome e)
    {
        var label = Svg.Escape(run.ClassName(e.Label));
        var numbers = string.Create(
            CultureInfo.InvariantCulture,
            $"p({label}) {1 - e.OriginalScore:0.00} → {1 - e.PerturbedScore:0.00}, {e.WordsChanged} of "
                + $"{e.Words} words, {e.Queries} queries"
        );
        return e.Result switch
        {
            AttackResult.Success =>
                $"<b class=\"bad\">fooled</b>: now predicts {Svg.Escape(run.ClassName(e.PerturbedOutput))}; {numbers}",
            AttackResult.Failed => $"<b class=\"good\">withstood</b>: the attack's best attempt; {numbers}",
            _ => "<b class=\"bad\">wrong before any attack</b>: predicted "
                + $"{Svg.Escape(run.ClassName(e.OriginalOutput))}, so it was not attacked",
        };
    }
}

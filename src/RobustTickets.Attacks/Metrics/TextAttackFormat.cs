// TextAttack's result files (`CSVLogger`, `[[word]]` marks), for its readers. An example that could
// not be attacked has no row. Averages are rounded as by numpy, percentages as by Python.

using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using RobustTickets.Attacks.Python;

namespace RobustTickets.Attacks.Metrics;

/// <summary>TextAttack's CSV and summary JSON.</summary>
public static class TextAttackFormat
{
    /// <summary>The CSV header, without the line feed.</summary>
    public const string Header =
        "\"original_text\",\"perturbed_text\",\"original_score\",\"perturbed_score\","
        + "\"original_output\",\"perturbed_output\",\"ground_truth_output\",\"num_queries\",\"result_type\"";

    /// <summary>One row of the CSV, without the line feed.</summary>
    public static string Row(AttackOutcome outcome, TextAttackVersion version, CsvCells cells = CsvCells.AsTextAttack)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        return string.Join(
            ',',
            Quote(Cell(Marked(outcome.Original, outcome.OriginalMarks, version), cells)),
            Quote(Cell(Marked(outcome.Perturbed, outcome.PerturbedMarks, version), cells)),
            PythonNumber.Repr(outcome.OriginalScore),
            PythonNumber.Repr(outcome.PerturbedScore),
            PythonNumber.Repr(outcome.OriginalOutput),
            PythonNumber.Repr(outcome.PerturbedOutput),
            PythonNumber.Repr(outcome.Label),
            PythonNumber.Repr(outcome.Queries),
            Quote(
                outcome.Result switch
                {
                    AttackResult.Success => "Successful",
                    AttackResult.Failed => "Failed",
                    _ => "Skipped",
                }
            )
        );
    }

    /// <summary>The summary JSON, ending in a line feed.</summary>
    public static string Summary(AttackSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        static string Text(string s) =>
            "\"" + JsonEncodedText.Encode(s, JavaScriptEncoder.UnsafeRelaxedJsonEscaping) + "\"";
        var results = new (string Name, string Value)[]
        {
            ("Number of successful attacks:", summary.Succeeded.ToString(CultureInfo.InvariantCulture)),
            ("Number of failed attacks:", summary.Failed.ToString(CultureInfo.InvariantCulture)),
            ("Number of skipped attacks:", summary.Skipped.ToString(CultureInfo.InvariantCulture)),
            ("Original accuracy:", Percent(summary.Clean)),
            ("Accuracy under attack:", Percent(summary.Aua)),
            ("Attack success rate:", Percent(summary.Suc)),
            ("Average perturbed word %:", PythonNumber.Repr(PythonNumber.NumpyRound2(summary.WordsChangedPercent))),
            ("Average num. words per input:", PythonNumber.Repr(PythonNumber.NumpyRound2(summary.AverageWords))),
            ("Avg num queries:", PythonNumber.Repr(PythonNumber.NumpyRound2(summary.MeanQueries))),
        };
        var json = new StringBuilder("{\n    \"Attack Details\": {\n");
        json.Append("        \"Attack algorithm:\": ").Append(Text(summary.Settings.Recipe)).Append(",\n");
        json.Append("        \"Model:\": ")
            .Append(Text(summary.Settings.Victim))
            .Append("\n    },\n    \"Attack Results\": {\n");
        json.AppendJoin(",\n", results.Select(r => $"        \"{r.Name}\": {r.Value}")).Append("\n    }\n}\n");
        return json.ToString();
    }

    private static string Percent(double value) =>
        double.IsNaN(value) ? "null" : PythonNumber.Repr(PythonNumber.Round2(value));

    private static string Marked(
        IReadOnlyList<KeyValuePair<string, string>> columns,
        IReadOnlyList<int> marks,
        TextAttackVersion version
    )
    {
        var texts = TextDifference.Mark(columns, marks, "[[", "]]", version);
        var shown =
            texts.Length == 1
                ? texts[0]
                : string.Join('\n', texts.Select((t, c) => $"[[[[{PythonText.Capitalise(columns[c].Key)}]]]]: {t}"));
        return shown.Replace("\n", "<SPLIT>", StringComparison.Ordinal);
    }

    private static string Cell(string text, CsvCells cells) =>
        cells == CsvCells.Guarded && text is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] ? "'" + text : text;

    private static string Quote(string text) => "\"" + text.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
}

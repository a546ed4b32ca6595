// Generates a review from (seed, split, index, label): one to three opinions that match the label,
// possibly one that does not, a neutral clause, or a strong word about something else.
using System.Text;

namespace RobustTickets.Cli.Demo.Corpus;

/// <summary>How often texts use the rare members of synonym groups.</summary>
/// <param name="RareAgreeing">Fraction of rare members among opinion words whose polarity is the
/// text's label.</param>
/// <param name="RareOpposing">Fraction of rare members among opinion words against the
/// label.</param>
/// <param name="RareNeutral">Fraction of rare members among words without polarity.</param>
/// <param name="Leaning">How many times more often a rare neutral word occurs in texts of its
/// correlated label; 1 = no correlation.</param>
internal sealed record DemoStyle(double RareAgreeing, double RareOpposing, double RareNeutral, double Leaning)
{
    /// <summary>
    /// The labelled splits: rare words are infrequent and misleading. Rare synonyms occur mostly
    /// where they do not decide the label (negated, conceded, about the weather), so a model that
    /// relies on words can be fooled, as the demo shows.
    /// </summary>
    public static DemoStyle Labelled { get; } = new(0.1, 0.5, 0.12, 4.0);

    /// <summary>The pre-training text: rare words are as common as frequent ones.</summary>
    public static DemoStyle Unlabelled { get; } = new(0.45, 0.45, 0.45, 1.0);
}

/// <summary>Generates texts.</summary>
internal sealed class DemoGrammar
{
    private readonly DemoRandom _random;
    private readonly DemoStyle _style;
    private readonly int _label;
    private readonly string _topic;
    private string _be;
    private readonly DemoGroup _item;
    private readonly string _itemWord;
    private readonly HashSet<string> _usedNouns = [];
    private readonly HashSet<string> _usedAdjectives = [];

    private DemoGrammar(DemoRandom random, DemoStyle style, int label)
    {
        (_random, _style, _label) = (random, style, label);
        _topic = random.Pick(DemoTemplates.Topics);
        _be = _topic == "gadget" && random.Chance(0.5) ? "is" : "was";
        _item = random.Pick(DemoLexicon.Items(_topic));
        _itemWord = Member(_item);
    }

    /// <summary>
    /// Generates a text; <paramref name="label"/> is +1 for positive, -1 for negative.
    /// </summary>
    internal static string Write(DemoRandom random, DemoStyle style, int label) =>
        new DemoGrammar(random, style, label).Compose();

    private string Compose()
    {
        ReadOnlySpan<double> patterns = [0.06, 0.19, 0.12, 0.17, 0.18, 0.12, 0.16];
        var text = _random.Pick(patterns) switch
        {
            0 => $"{Opinion(_label)}.",
            1 => $"{Opinion(_label)} and {Opinion(_label)}.",
            2 => $"{Opinion(_label)}, {Opinion(_label)} and {Opinion(_label)}.",
            3 => _random.Chance(0.5)
                ? $"{Neutral()}. {Opinion(_label)} and {Opinion(_label)}."
                : $"{Neutral()}, and {Opinion(_label)}.",
            4 => Mixed(),
            5 => _random.Chance(0.5)
                ? $"{Distraction()}. {Opinion(_label)} and {Verdict(_label)}."
                : $"{Distraction()}, but {Opinion(_label)} and {Opinion(_label)}.",
            _ => _random.Chance(0.5)
                ? $"{Verdict(_label)}. {Opinion(_label)}."
                : $"{Opinion(_label)}. {Verdict(_label)}.",
        };
        return Finish(text);
    }

    // One opinion is conceded; the label's side has two opinions, or the last word.
    private string Mixed()
    {
        var against = Opinion(-_label);
        var turn = _label > 0 ? "fortunately" : "sadly";
        return _random.Next(4) switch
        {
            0 => $"although {against}, {Opinion(_label)} and {Verdict(_label)}.",
            1 => $"{against}, but {Opinion(_label)} and {Opinion(_label)}.",
            2 => $"{against}. {Fill("{@" + turn + "}", null, _label)} {Opinion(_label)} and {Verdict(_label)}.",
            _ => $"{Opinion(_label)} even though {against}. {Verdict(_label)}.",
        };
    }

    private string Opinion(int polarity)
    {
        while (true)
        {
            var nouns = DemoLexicon.Aspects(_topic);
            var noun = _random.Chance(0.2) ? _item : _random.Pick(nouns);
            if (_usedNouns.Contains(noun.Name))
                noun = _random.Pick(nouns);
            var own = polarity > 0 ? DemoTemplates.Praise : DemoTemplates.Blame;
            var template = PickTemplate(_random.Chance(0.65) ? DemoTemplates.Opinion : own);
            if (!Fits(template, noun) || !_usedNouns.Add(noun.Name))
                continue;
            return Fill(template, noun, polarity);
        }
    }

    private string Verdict(int polarity) =>
        Fill(PickTemplate(polarity > 0 ? DemoTemplates.PraiseVerdict : DemoTemplates.BlameVerdict), _item, polarity);

    private string Neutral() =>
        Fill(
            PickTemplate(_random.Chance(0.75) ? DemoTemplates.NeutralOf[_topic] : DemoTemplates.Neutral),
            null,
            _label
        );

    private string Distraction()
    {
        var (noun, template) = _random.Pick(DemoTemplates.Distractions);
        var tense = _be;
        _be = "was"; // Weather clauses use the past tense even where the phone is in the present.
        var text = Fill(template, DemoLexicon.Named(noun), _random.Chance(0.5) ? 1 : -1);
        _be = tense;
        return text;
    }

    private string PickTemplate(DemoTemplate[] templates)
    {
        Span<double> weights = stackalloc double[templates.Length];
        for (var i = 0; i < weights.Length; i++)
            weights[i] = templates[i].Weight;
        return templates[_random.Pick(weights)].Text;
    }

    // Rejects "it had a great film", "the price was fair and fair" and "the window was superbly
    // cooked".
    private bool Fits(string template, DemoGroup noun)
    {
        if (template.Contains("{adj2}", StringComparison.Ordinal))
            return DemoLexicon.AdjectivesFor(noun, 1).Count > 2;
        if (template.StartsWith("it had", StringComparison.Ordinal))
            return !noun.IsItem;
        if (!template.Contains("{made}", StringComparison.Ordinal))
            return true;
        return _topic switch
        {
            "restaurant" => noun.Themes.Contains("taste"),
            "hotel" => noun.IsItem || noun.Name is "room" or "bathroom" or "lobby",
            _ => noun.IsItem,
        };
    }

    private string Fill(string template, DemoGroup? noun, int polarity)
    {
        var text = new StringBuilder();
        var at = 0;
        while (at < template.Length)
        {
            var open = template.IndexOf('{', at);
            if (open < 0)
                break;
            var close = template.IndexOf('}', open);
            text.Append(template, at, open - at).Append(Slot(template[(open + 1)..close], noun, polarity));
            at = close + 1;
        }
        return text.Append(template, at, template.Length - at).ToString();
    }

    private string Slot(string slot, DemoGroup? noun, int polarity) =>
        slot switch
        {
            "n" => noun == _item ? _itemWord : Member(noun!),
            "be" => noun!.Number == DemoNumber.Plural ? (_be == "is" ? "are" : "were") : _be,
            "art" => noun!.Number == DemoNumber.Singular ? "a " : "",
            "item" => _itemWord,
            "adj" or "adj2" => Adjective(noun!, polarity),
            "opp" => Adjective(noun!, -polarity),
            "adji" => Adjective(_item, polarity),
            "int" => Degree(polarity),
            "made" => Member(DemoLexicon.Named(DemoTemplates.Craft[_topic])),
            "who" => "my " + Member(DemoLexicon.Named(_random.Pick((string[])["friend", "wife", "brother", "family"]))),
            "us" => _random.Pick(DemoTemplates.Us),
            "month" => _random.Pick(DemoTemplates.Months),
            "weekday" => _random.Pick(DemoTemplates.Weekdays),
            "count" => _random.Pick(DemoTemplates.Counts),
            ['@', .. var group] => Member(DemoLexicon.Named(group)),
            _ => throw new InvalidOperationException($"demo grammar: no slot '{slot}'"),
        };

    private string Adjective(DemoGroup noun, int polarity)
    {
        var groups = DemoLexicon.AdjectivesFor(noun, polarity);
        var group = _random.Pick(groups);
        // Food is more often "delicious" than "great": general words are drawn a second time.
        if (group.Themes.Contains("general"))
            group = _random.Pick(groups);
        // Avoids repeating an adjective, unless there are no others.
        for (var tries = 0; tries < 4 && _usedAdjectives.Contains(group.Name); tries++)
            group = _random.Pick(groups);
        _usedAdjectives.Add(group.Name);
        return Member(group);
    }

    private string Degree(int polarity)
    {
        if (!_random.Chance(0.4))
            return "";
        ReadOnlySpan<double> weights = [0.45, 0.2, polarity < 0 ? 0.15 : 0.0, 0.2, 0.15];
        string[] names = ["very", "truly", "completely", "quite", "surprisingly"];
        return Member(DemoLexicon.Named(names[_random.Pick(weights)])) + " ";
    }

    // The only place that chooses between frequent and rare members.
    private string Member(DemoGroup group)
    {
        var rare =
            group.Polarity == 0 ? _style.RareNeutral
            : group.Polarity == _label ? _style.RareAgreeing
            : _style.RareOpposing;
        var members = _random.Chance(rare) ? group.Rare : group.Frequent;
        Span<double> weights = stackalloc double[members.Count];
        for (var i = 0; i < weights.Length; i++)
        {
            var leans = (group.Rare.Count + i) % 2 == 0 ? 1 : -1;
            weights[i] =
                ReferenceEquals(members, group.Frequent) ? Math.Pow(0.6, i)
                : group.Polarity == 0 && leans == _label ? _style.Leaning
                : 1.0;
        }
        return members[_random.Pick(weights)];
    }

    // "a" before a vowel sound, capitals after full stops.
    private static string Finish(string raw)
    {
        var words = raw.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var starts = true;
        for (var i = 0; i < words.Length; i++)
        {
            if (words[i] == "a" && i + 1 < words.Length && VowelSound(words[i + 1]))
                words[i] = "an";
            if (starts)
                words[i] = char.ToUpperInvariant(words[i][0]) + words[i][1..];
            starts = words[i].EndsWith('.');
        }
        return string.Join(' ', words);
    }

    private static bool VowelSound(string word) =>
        "aeiou".Contains(word[0], StringComparison.Ordinal)
        || word.StartsWith("hono", StringComparison.Ordinal)
        || word.StartsWith("hone", StringComparison.Ordinal);
}

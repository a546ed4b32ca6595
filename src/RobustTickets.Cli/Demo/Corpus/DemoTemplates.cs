// The demo's clauses; DemoGrammar fills the slots in braces.
namespace RobustTickets.Cli.Demo.Corpus;

/// <summary>One clause of the demo's grammar.</summary>
/// <param name="Text">Words and slots.</param>
/// <param name="Weight">Relative frequency.</param>
internal readonly record struct DemoTemplate(string Text, double Weight);

// {n} {be} {art}  the noun spoken of, its verb, its article ("a " or nothing)
// {item}          the thing reviewed
// {adj} {adj2}    adjectives that fit the noun and have the clause's polarity
// {opp}           one of the other polarity (for negations)
// {adji}          an adjective that fits the thing reviewed
// {int}           an adverb of degree, or nothing
// {@group}        a member of that synonym group
// {made}          a participle of the topic's craft
// {who} {us} {month} {weekday} {count}  function words and names
internal static class DemoTemplates
{
    /// <summary>Opinions on {n} of either polarity.</summary>
    internal static readonly DemoTemplate[] Opinion =
    [
        new("the {n} {be} {int}{adj}", 4.0),
        new("the {n} {be} {adj} and {adj2}", 1.5),
        new("the {n} seemed {int}{adj}", 0.7),
        new("I found the {n} {int}{adj}", 1.0),
        new("{who} thought the {n} {be} {int}{adj}", 0.9),
        new("{who} called the {n} {adj}", 0.4),
        new("it had {art}{int}{adj} {n}", 1.3),
        new("the {n} {be} not {opp}", 0.30),
        new("the {n} {be} never {opp}", 0.25),
        new("the {n} {be} hardly {opp}", 0.20),
        new("the {n} {be} far from {opp}", 0.20),
        new("the {n} {be} anything but {opp}", 0.10),
        new("there was nothing {opp} about the {n}", 0.20),
    ];

    /// <summary>Positive opinions on {n}.</summary>
    internal static readonly DemoTemplate[] Praise =
    [
        new("I {@loved} the {n}", 0.9),
        new("we {@enjoyed} the {n}", 0.8),
        new("{who} {@enjoyed} the {n} too", 0.5),
        new("the {n} {@impressed} {us}", 0.9),
        new("the {n} {be} a {@joy}", 0.6),
        new("the {n} {@saved} the {@evening}", 0.4),
        new("the {n} {@worked}", 0.3),
        new("I did not {@hate} the {n} at all", 0.3),
        new("the {n} {be} {@beautifully} {made}", 0.9),
    ];

    /// <summary>Negative opinions on {n}.</summary>
    internal static readonly DemoTemplate[] Blame =
    [
        new("I {@hated} the {n}", 0.9),
        new("we {@regretted} the {n}", 0.4),
        new("I did not {@enjoy} the {n}", 0.5),
        new("{who} {@hated} the {n} too", 0.5),
        new("the {n} {@disappointed} {us}", 0.9),
        new("the {n} {be} a {@disaster}", 0.6),
        new("the {n} {@ruined} the {@evening}", 0.4),
        new("the {n} {@failed}", 0.3),
        new("the {n} never {@worked}", 0.15),
        new("the {n} {be} {@badly} {made}", 0.9),
    ];

    /// <summary>Positive overall verdicts.</summary>
    internal static readonly DemoTemplate[] PraiseVerdict =
    [
        new("overall I {@loved} it", 1.0),
        new("in the end we {@enjoyed} it", 0.8),
        new("I would {@recommend} it to any {@friend}", 0.9),
        new("I {@recommend} it to {who}", 0.4),
        new("it is a {int}{adji} {item}", 1.2),
        new("what a {adji} {item}", 0.8),
        new("this {item} is a real {@gem}", 0.6),
        new("it is the {@best} {item} in {count} years", 0.5),
        new("it is {@completely} {adji}", 0.5),
        new("it {@impressed} {us}", 0.5),
    ];

    /// <summary>Negative overall verdicts.</summary>
    internal static readonly DemoTemplate[] BlameVerdict =
    [
        new("overall I {@hated} it", 1.0),
        new("in the end we {@regretted} it", 0.7),
        new("I would not {@recommend} it to any {@friend}", 0.6),
        new("I would {@avoid} it", 0.6),
        new("it is a {int}{adji} {item}", 1.2),
        new("what a {adji} {item}", 0.8),
        new("this {item} is a real {@letdown}", 0.6),
        new("it is the {@worst} {item} in {count} years", 0.5),
        new("it is {@completely} {adji}", 0.5),
        new("it {@disappointed} {us}", 0.5),
    ];

    /// <summary>
    /// Clauses about something else, whose polarity is unrelated to the reviewed item.
    /// </summary>
    internal static readonly (string Noun, string Text)[] Distractions =
    [
        ("weather", "that day the {n} {be} {adj}"),
        ("weather", "the {n} {be} {adj} when we arrived"),
        ("traffic", "on the way there the {n} {be} {adj}"),
        ("train", "the {n} to the {@station} {be} {adj}"),
        ("meeting", "before that the {n} at the {@office} {be} {adj}"),
        ("game", "the {n} on television {be} {adj}"),
        ("dog", "our {n} {be} {adj} that {@evening}"),
    ];

    /// <summary>Neutral clauses for any topic.</summary>
    internal static readonly DemoTemplate[] Neutral =
    [
        new("my {@friend} came along", 1),
        new("it was a {weekday} {@evening}", 1),
        new("I went there with my {@family}", 1),
        new("{who} told me about it in {month}", 1),
        new("it was our {@second} {@weekend} in the {@city}", 1),
    ];

    /// <summary>Neutral clauses of each topic.</summary>
    internal static readonly Dictionary<string, DemoTemplate[]> NeutralOf = new()
    {
        ["film"] =
        [
            new("I {@watched} it with my {@friend}", 1),
            new("we {@watched} the {item} on a {weekday}", 1),
            new("it was shown at the {@cinema} in our {@street}", 1),
            new("the {item} runs for {count} hours", 1),
            new("my {@brother} picked the {item}", 1),
        ],
        ["restaurant"] =
        [
            new("we {@ordered} the {@soup} and the {@steak}", 1),
            new("we sat near the {@window}", 1),
            new("the {item} is on the main {@street}", 1),
            new("I took my {@kids} there on a {weekday}", 1),
            new("my {@wife} {@ordered} the {@dessert}", 1),
        ],
        ["hotel"] =
        [
            new("we stayed for {count} nights", 1),
            new("I {@booked} the {@room} in {month}", 1),
            new("the {item} is near the {@station}", 1),
            new("our {@room} was on the {@second} floor", 1),
            new("I travelled with my {@wife} and the {@kids}", 1),
        ],
        ["gadget"] =
        [
            new("I {@bought} it in {month}", 1),
            new("it came in a {@black} {@box}", 1),
            new("my {@brother} has the same {item}", 1),
            new("I use it at the {@office}", 1),
            new("the {@box} arrived on a {weekday}", 1),
        ],
    };

    /// <summary>The craft of each topic: {made}.</summary>
    internal static readonly Dictionary<string, string> Craft = new()
    {
        ["film"] = "acted",
        ["restaurant"] = "cooked",
        ["hotel"] = "decorated",
        ["gadget"] = "designed",
    };

    internal static readonly string[] Topics = ["film", "restaurant", "hotel", "gadget"];

    internal static readonly string[] Months = ["January", "March", "April", "June", "August", "October", "November"];

    internal static readonly string[] Weekdays = ["Monday", "Tuesday", "Thursday", "Friday", "Saturday", "Sunday"];

    internal static readonly string[] Counts = ["two", "three", "four", "five"];

    internal static readonly string[] Us = ["me", "us", "everyone"];
}

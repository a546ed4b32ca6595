// A file of pickles and the meaning that its reader gives to names, calls and persistent ids.
// Python imports and calls whatever a file names; a dialect knows a few spellings and refuses all
// others.
using System.Globalization;
using System.Numerics;

namespace RobustTickets.Attacks.Pickles;

/// <summary>What the machine asks about a file.</summary>
internal abstract class PickleDialect
{
    /// <summary>What is read, in messages: "a weights file".</summary>
    public abstract string Subject { get; }

    /// <summary>The names that may occur, for a refusal.</summary>
    protected abstract string Allowed { get; }

    /// <summary>A byte of the file.</summary>
    public abstract byte ReadByte(long at);

    /// <summary>Bytes of the file; the machine has checked that they are there.</summary>
    public abstract byte[] Read(long at, int count);

    /// <summary>The refusal of the file.</summary>
    public abstract Exception Refuse(string message, Exception? cause = null);

    /// <summary>The value of a name that may occur; null for one that may not.</summary>
    protected abstract PickleGlobal? Find(string module, string name);

    /// <summary>What a call of one of these names describes.</summary>
    /// <param name="callable">The name, or whatever else a hostile file calls.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="refuse">Refuses with the place.</param>
    public abstract object? Call(object? callable, object? arguments, Func<string, Exception> refuse);

    /// <summary>What a persistent id describes.</summary>
    /// <param name="id">The id.</param>
    /// <param name="refuse">Refuses with the place.</param>
    public virtual object? Persistent(object? id, Func<string, Exception> refuse) =>
        throw refuse($"has a persistent id {Describe(id)}, which {Subject} does not need");

    /// <summary>A name; refused where it is named, before any call could use it.</summary>
    public PickleGlobal Global(string what, string module, string name) =>
        Find(module, name) ?? throw Forbidden(what, module, name);

    /// <summary>The refusal of a name.</summary>
    public Exception Forbidden(string what, string module, string name) =>
        Refuse(
            $"{what}: names '{Printable(module)}.{Printable(name)}', which is not allowed in {Subject} (it could run "
                + $"code when Python loads it); allowed are {Allowed}; nothing was executed"
        );

    /// <summary>A value for messages.</summary>
    public static string Describe(object? value) =>
        value switch
        {
            null => "None",
            bool b => b ? "True" : "False",
            string s => $"'{(s.Length <= 60 ? s : s[..60] + "...")}'",
            long or BigInteger or double => string.Create(CultureInfo.InvariantCulture, $"{value}"),
            PickleGlobal g => g.ToString(),
            PickleTuple t => $"a tuple of {t.Items.Length}",
            PickleList l => $"a list of {l.Items.Count}",
            PickleSet s => $"a set of {s.Items.Count}",
            PickleDict d => $"a dict of {d.Keys.Count}",
            IPickleValue v => v.Name,
            _ => "a mark",
        };

    private static string Printable(string name) => new([.. name.Select(c => char.IsControl(c) ? '?' : c)]);
}

/// <summary>A value of a dialect's own.</summary>
internal interface IPickleValue
{
    /// <summary>What it is, for messages.</summary>
    string Name { get; }
}

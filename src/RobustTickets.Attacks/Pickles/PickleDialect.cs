// A pickle file and its reader's interpretation of globals, calls and persistent ids. Python
// imports and calls whatever a file names; a dialect accepts a few names and rejects all others.
using System.Globalization;
using System.Numerics;

namespace RobustTickets.Attacks.Pickles;

/// <summary>Interface between the pickle machine and a file.</summary>
internal abstract class PickleDialect
{
    /// <summary>The kind of file in messages: "a weights file".</summary>
    public abstract string Subject { get; }

    /// <summary>The allowed names, for error messages.</summary>
    protected abstract string Allowed { get; }

    /// <summary>Reads one byte of the file.</summary>
    public abstract byte ReadByte(long at);

    /// <summary>Reads bytes of the file; the machine has checked that they exist.</summary>
    public abstract byte[] Read(long at, int count);

    /// <summary>Creates the exception that rejects the file.</summary>
    public abstract Exception Refuse(string message, Exception? cause = null);

    /// <summary>The value of an allowed name; null for any other.</summary>
    protected abstract PickleGlobal? Find(string module, string name);

    /// <summary>Evaluates a call of an allowed name.</summary>
    /// <param name="callable">The name, or whatever else a malicious file calls.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="refuse">Creates an exception with the position.</param>
    public abstract object? Call(object? callable, object? arguments, Func<string, Exception> refuse);

    /// <summary>Evaluates a persistent id.</summary>
    /// <param name="id">The id.</param>
    /// <param name="refuse">Creates an exception with the position.</param>
    public virtual object? Persistent(object? id, Func<string, Exception> refuse) =>
        throw refuse($"persistent id {Describe(id)} is not supported in {Subject}");

    /// <summary>
    /// Resolves a name; disallowed names are rejected here, before any call could use them.
    /// </summary>
    public PickleGlobal Global(string what, string module, string name) =>
        Find(module, name) ?? throw Forbidden(what, module, name);

    /// <summary>Creates the exception for a disallowed name.</summary>
    public Exception Forbidden(string what, string module, string name) =>
        Refuse(
            $"{what}: references '{Printable(module)}.{Printable(name)}', which is not allowed in {Subject} (it could "
                + $"run code when Python loads it); allowed: {Allowed}; no code was executed"
        );

    /// <summary>Describes a value in messages.</summary>
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

/// <summary>A value created by a dialect.</summary>
internal interface IPickleValue
{
    /// <summary>Its name in messages.</summary>
    string Name { get; }
}

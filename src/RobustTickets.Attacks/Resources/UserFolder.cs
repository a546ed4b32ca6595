// Where a user's files lie: below XDG_DATA_HOME, else ~/.local/share, unless a variable names
// another place.
namespace RobustTickets.Attacks.Resources;

/// <summary>Folders of this user.</summary>
internal static class UserFolder
{
    /// <summary>The folder that a variable names, else one of ours below the user's data.</summary>
    /// <param name="variable">Environment variable.</param>
    /// <param name="name">Name of the folder.</param>
    public static string Of(string variable, string name)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } named)
            return Path.GetFullPath(named);
        var data = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData,
            Environment.SpecialFolderOption.DoNotVerify
        );
        return Path.Combine(data, "robust-tickets", name);
    }
}

namespace RobustTickets.Checkpoints.Store;

/// <summary>
/// Folders in which NuGet keeps packages: nothing is asked of a feed for what lies there.
/// </summary>
internal static class PackageFolders
{
    /// <summary>The package's file in the folder of this user, or null.</summary>
    public static string? Find(KnownModel model)
    {
        var home = Environment.GetFolderPath(
            Environment.SpecialFolder.UserProfile,
            Environment.SpecialFolderOption.DoNotVerify
        );
        var folder = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
            ? named
            : Path.Combine(home, ".nuget", "packages");
        return Find(folder, model);
    }

    /// <summary>The package's file in a folder, or null.</summary>
    public static string? Find(string folder, KnownModel model)
    {
        var path = Path.Combine(folder, model.Package.ToLowerInvariant(), model.Version, model.PackageFile);
        return File.Exists(path) ? path : null;
    }
}
